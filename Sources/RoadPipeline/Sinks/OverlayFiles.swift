import RoadBase
import RoadFrame
import RoadSink
import Synchronization

/// Overlays as numbered JPEGs in a folder: `frame-000042.jpg` is the source's frame 42, whatever became of the others.
public final class OverlayFiles: FrameSink {
  public let name = "overlays"
  public let interest: SinkInterest = .picture
  private let folder: String
  /// Nil while stopped.
  private let encoder = Mutex<JPEGEncoder?>(nil)

  public init(folder: String) { self.folder = folder }

  /// - Throws: `.output` when the folder cannot be made or written to.
  public func start(_ session: SinkSession) throws(RoadError) {
    try FileOutput.makeFolder(folder)
    let fresh = try JPEGEncoder(largest: session.source.size)
    encoder.withLock { $0 = fresh }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    let path = "\(folder)/\(FrameName.of(frame.stamp.ordinal)).jpg"
    try encoder.withLock { $0 }?.write(frame.picture, to: path)
  }

  public func stop() { encoder.withLock { $0 = nil } }
}

enum FrameName {
  /// "frame-000042"
  static func of(_ ordinal: Int) -> String {
    let digits = String(ordinal)
    return "frame-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
