import Foundation
import RoadBase
import RoadFrame
import RoadRecorder
import RoadSeg

/// The network that made a recording's masks, by what the recording says.
struct RecordedNetwork {
  private let run: [String: String]
  /// Of the recording.
  private let folder: String

  /// - Parameter file: a recording.
  init(of file: String) throws(RoadError) {
    run = try RecordingReader(path: file).run
    folder = URL(filePath: file).deletingLastPathComponent().relativePath
  }

  /// - Parameters:
  ///   - model: nil for the recording's own, which must then be the same file, by its hash.
  func network(
    model: String?, classes: String?, inputSize: PictureSize?, threads: Int, verifies: Bool
  ) throws(RoadError) -> Network {
    var wanted = model ?? ""
    if model == nil { wanted = try recordedModel() }
    let options = try Self.options(model: wanted, classes: classes)
    let size = inputSize ?? (model == nil ? run["input_size"].flatMap { PictureSize($0) } : nil)
    let network = try Network(options, inputSize: size, threads: threads)
    if let recorded = run["model_sha256"], let found = network.identity.modelHash, recorded != found {
      guard model == nil else {
        if verifies { Terminal.say("roadseg: \(options.model) is not the model of the recording, by its SHA-256") }
        return network
      }
      throw RoadError(
        .model, "\(options.model): is not the model of the recording (SHA-256 \(found), recorded \(recorded))",
        remedy: "give the file that recorded it with --model")
    }
    return network
  }

  /// What stands in a recording as `model_file`: the file's name, for where it lies is nobody's business elsewhere; its
  /// hash stands beside it. Nil for a shipped model, which goes by its name.
  static func file(of model: String) -> String? {
    let isFile = model.contains("/") || model.hasSuffix(".onnx")
    return isFile ? URL(filePath: model).lastPathComponent : nil
  }

  /// The file of that name in the working folder or beside the recording, or the shipped model.
  private func recordedModel() throws(RoadError) -> String {
    let name = run["model"] ?? ShippedModels.defaultName
    guard let file = run["model_file"] ?? Self.file(of: name) else { return name }
    for path in [file, "\(folder)/\(file)"] where FileManager.default.isReadableFile(atPath: path) { return path }
    throw RoadError(
      .model, "\(file): the recording's model is neither here nor in \(folder)",
      remedy: "give the file that recorded it with --model")
  }

  /// As if they stood on the command line: argument-parser makes options in no other way.
  private static func options(model: String, classes: String?) throws(RoadError) -> ModelOptions {
    do {
      return try ModelOptions.parse(["--model=\(model)"] + (classes.map { ["--classes=\($0)"] } ?? []))
    } catch {
      throw RoadError(.recording, "its model '\(model)' cannot be taken: \(error)", remedy: "name one with --model")
    }
  }
}
