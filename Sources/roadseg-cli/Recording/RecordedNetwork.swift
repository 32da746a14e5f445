import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadPipeline
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

  /// What was done to the recording's masks behind the network: doing it again gives the same hashes.
  func masks() throws(RoadError) -> MaskOptions {
    let parts = try run["own_parts"].map { (text) throws(RoadError) in
      try OwnParts(text: text, name: "own_parts of the recording")
    }
    let region = try run["region"].map { (text) throws(RoadError) in
      try OwnParts(text: text, name: "region of the recording")
    }
    return MaskOptions(clean: try cleaning(), ownParts: parts, region: region)
  }

  private func cleaning() throws(RoadError) -> CleanOptions {
    guard let mode = CleanMode(rawValue: run["clean"] ?? "off") else {
      throw RoadError(
        .recording, "its masks were cleaned in the unknown way '\(run["clean"] ?? "")'",
        remedy: "replay it with the version that recorded it")
    }
    let lowest = run["near_bottom"].flatMap(Int.init)
    guard run["near_bottom"] == nil || lowest.map((1...100).contains) == true else {
      throw RoadError(.recording, "near_bottom is '\(run["near_bottom"] ?? "")'", remedy: "it is 1 to 100")
    }
    return CleanOptions(mode, nearBottom: lowest)
  }

  static let preparationKey = "preparation"

  /// How the recording's frames came to the network; recordings from before there was a choice say nothing.
  func preparation() throws(RoadError) -> FramePreparation {
    guard let word = run[Self.preparationKey] else { return .pictures }
    guard let preparation = FramePreparation(rawValue: word) else {
      throw RoadError(
        .recording, "its frames came to the network in the unknown way '\(word)'",
        remedy: "replay it with the version that recorded it")
    }
    return preparation
  }

  /// What stands in a recording for ``masks()``; nothing where masks are the network's own.
  static func metadata(of masks: MaskOptions) -> [String: String] {
    let clean = masks.clean
    var metadata: [String: String] = [:]
    if let parts = masks.ownParts { metadata["own_parts"] = parts.text }
    if let region = masks.region { metadata["region"] = region.text }
    if let mode = clean.mode, mode != .off { metadata["clean"] = mode.rawValue }
    if let lowest = clean.nearBottom { metadata["near_bottom"] = "\(lowest)" }
    return metadata
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
