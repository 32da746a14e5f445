import ArgumentParser
import Foundation
import RoadBase
import RoadFrame
import RoadKernels
import RoadMask
import RoadModel
import RoadQuantizer
import RoadSeg
import RoadSegmentation
import RoadTelemetry

/// `--model` and `--classes`, of every command that runs a network.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      A shipped model (contextnet, contextnet-camvid11, deeplabv3plus, deeplabv3plus-camvid11, fcn8s), or an ONNX \
      file.
      """,
      valueName: "model"))
  var model = ShippedModels.defaultName

  @Option(name: .long, help: ArgumentHelp("Class table for a model whose file holds none.", valueName: "file"))
  var classes: String?

  @OptionGroup var pictureInput: PictureInputOptions
  @OptionGroup var output: OutputOptions

  /// The model, with the input and the output that were asked for.
  func graph() throws(RoadError) -> ModelGraph {
    let graph = try output.applied(
      to: pictureInput.applied(to: ShippedModels.load(model), name: model), model: model)
    guard let exclusion = try output.exclusion(from: fullTable(of: graph)) else { return graph }
    var rest = try graph.excludingClass(exclusion.index, model: model)
    if let table = exclusion.table { rest.metadata[ClassTable.metadataKey] = table.text }
    return rest
  }

  /// Of all classes that the model itself has.
  private func fullTable(of graph: ModelGraph) throws(RoadError) -> ClassTable? {
    if let classes { return try ClassTable(path: classes) }
    return try ClassTable(metadata: graph.metadata, model: model)
  }

  /// - Parameter instructionSet: of the kernels that run; nil for the one that would.
  func identity(instructionSet: String? = nil) throws(RoadError) -> RunIdentity {
    try .of(model: model, file: ShippedModels.file(of: model), instructionSet: instructionSet)
  }

  func classTable() throws(RoadError) -> ClassTable? {
    guard let classes else { return nil }
    let table = try ClassTable(path: classes)
    return try output.exclusion(from: table)?.table ?? table
  }
}

/// `--input-size`, of the commands whose `--size` is a camera's, or that have none.
struct InputSizeOptions: ParsableArguments {
  @Option(
    name: .customLong("input-size"),
    help: ArgumentHelp("Network input size. (default: the model's own; needed where it has none)", valueName: "WxH"))
  var size: PictureSize?
}

/// `--preparation`: how frames come to the network.
struct PreparationOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      How JPEGs come to the network: pictures (as other programs show them), planes (as they are stored, which is \
      faster; masks differ a little) or scaled-planes (decoded at a half, a quarter or an eighth where that is enough; \
      not where pictures are shown). (default: planes for live and profile, scaled-planes for record without --web, \
      pictures for run)
      """,
      valueName: "way"))
  var preparation: FramePreparation?

  /// - Parameter usual: where nobody says.
  func value(_ usual: FramePreparation) -> FramePreparation { preparation ?? usual }
}

extension FramePreparation: ExpressibleByArgument {}

/// `--max-pixels`, of the commands that read picture files.
struct PictureOptions: ParsableArguments {
  @Option(
    name: .customLong("max-pixels"),
    help: ArgumentHelp(
      "Refuse pictures of more pixels, before they are decoded: 50000000, 50M.", valueName: "pixels"))
  var limit = PixelCount(value: Picture.defaultPixelLimit)

  var maximumPixels: Int { limit.value }
}

/// "50000000" or "50M" pixels.
struct PixelCount: ExpressibleByArgument, CustomStringConvertible {
  let value: Int

  init(value: Int) { self.value = value }

  init?(argument: String) {
    let isMillions = argument.lowercased().hasSuffix("m")
    guard let number = Int(isMillions ? argument.dropLast() : argument[...]), number > 0, number <= 1 << 28 else {
      return nil
    }
    value = isMillions ? number * 1_000_000 : number
  }

  var description: String { "\(value)" }
}

/// `--input-size` of the commands without a camera, which called it `--size` before.
struct ModelSizeOptions: ParsableArguments {
  @Option(
    name: .customLong("input-size"),
    help: ArgumentHelp("Network input size. (default: the model's own; needed where it has none)", valueName: "WxH"))
  var inputSize: PictureSize?

  @Option(name: .customLong("size"), help: .hidden)
  var formerName: PictureSize?

  var size: PictureSize? { inputSize ?? formerName }
}

extension RunIdentity {
  /// - Parameters:
  ///   - model: as the user named it; its last component is kept.
  ///   - file: that holds it.
  static func of(model: String, file: String, instructionSet: String? = nil) throws(RoadError) -> RunIdentity {
    var kernels = instructionSet
    if kernels == nil { kernels = try InstructionSet.best().rawValue }
    return RunIdentity(
      model: model.split(separator: "/").last.map(String.init) ?? model,
      modelHash: SHA256.hexadecimal(try FileInput.read(file, as: .model)), version: SoftwareVersion.text,
      instructionSet: kernels ?? "")
  }

  /// Of a command without a model.
  static var none: RunIdentity { RunIdentity(version: SoftwareVersion.text) }
}

/// `--threads`.
struct ThreadOptions: ParsableArguments {
  @Option(name: .long, help: "Threads that compute. (default: one a core, at most 4)")
  var threads: Int?

  var count: Int { threads ?? IntegerSegmenter.defaultThreads }

  func validate() throws {
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads takes 1 to 256") }
  }
}

extension PictureSize: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
