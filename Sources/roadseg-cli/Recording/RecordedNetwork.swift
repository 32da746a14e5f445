import Foundation
import RoadBase
import RoadFrame
import RoadRecorder
import RoadSeg

/// The network that made a recording's masks, by what the recording says.
struct RecordedNetwork {
  private let run: [String: String]

  init(_ run: [String: String]) { self.run = run }

  /// - Parameters:
  ///   - model: nil for the recording's own, which must then be the same file, by its hash.
  func network(
    model: String?, classes: String?, inputSize: PictureSize?, threads: Int
  ) throws(RoadError) -> Network {
    var wanted = model ?? ""
    if model == nil { wanted = try recordedModel() }
    let options = try Self.options(model: wanted, classes: classes)
    let size = inputSize ?? (model == nil ? run["input_size"].flatMap { PictureSize($0) } : nil)
    let network = try Network(options, inputSize: size, threads: threads)
    if model == nil, let recorded = run["model_sha256"], let found = network.identity.modelHash, recorded != found {
      throw RoadError(
        .model, "\(options.model): is not the model of the recording (SHA-256 \(found), recorded \(recorded))",
        remedy: "give the file that recorded it with --model")
    }
    return network
  }

  /// What stands in a recording as `model_file`: the whole path, for it is replayed elsewhere; nil for a shipped
  /// model, which goes by its name.
  static func file(of model: String) -> String? {
    let isFile = model.contains("/") || model.hasSuffix(".onnx")
    return isFile ? URL(filePath: model).standardizedFileURL.path : nil
  }

  /// The recorded file where it still is, else what has its name: shipped, or in the working folder.
  private func recordedModel() throws(RoadError) -> String {
    let name = run["model"] ?? ShippedModels.defaultName
    guard let file = run["model_file"] ?? Self.file(of: name) else { return name }
    for path in [file, name] where FileManager.default.isReadableFile(atPath: path) { return path }
    throw RoadError(
      .model, "\(file): the recording's model is not there", remedy: "give the file that recorded it with --model")
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
