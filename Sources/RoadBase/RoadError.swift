/// What the outside world did wrong: a model, a picture, a camera, a file or an option that cannot be used.
///
/// Programmer errors are preconditions, never a `RoadError`. The command line prints `description` as its one line and
/// ends with exit code 1.
public struct RoadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Which part of the outside world the error is about.
  public enum Subject: String, Sendable, CaseIterable {
    case model, picture, label, device, stream, recording, profile, calibration, output, option
  }

  public let subject: Subject
  /// What was found, naming the file, node or device: "model.onnx: node 'conv1' has no weights".
  public let cause: String
  /// What the user can do about it; empty only where there is nothing to do.
  public let remedy: String
  /// The system's `errno` where a system call failed, so that failures can be told apart and counted; nil else.
  public let code: Int32?

  public init(_ subject: Subject, _ cause: String, remedy: String = "", code: Int32? = nil) {
    self.subject = subject
    self.cause = cause
    self.remedy = remedy
    self.code = code
  }

  public var description: String { remedy.isEmpty ? cause : "\(cause); \(remedy)" }
}
