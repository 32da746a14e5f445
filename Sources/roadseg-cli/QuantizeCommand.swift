import ArgumentParser
import Foundation
import RoadBase
import RoadEngine
import RoadEvaluation
import RoadFloat
import RoadFrame
import RoadMask
import RoadModel
import RoadQuantizer
import RoadSegmentation
import RoadTelemetry

/// `roadseg quantize`
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Makes an int8 model (QDQ ONNX) from a float one and calibration pictures.",
    discussion: """
      A few dozen varied pictures are enough; use training pictures, never those that you evaluate on. Where 8 bits \
      move more than 3 % \
      of the calibration pictures' pixels to another class, the layers to blame get 16 bits (--wide). With --evaluate \
      the float \
      and the int8 model are scored on labelled pictures; where --max-drop is exceeded more layers get 16 bits (unless \
      --wide \
      says which), and where that does not help nothing is written.

      EXAMPLES:
        roadseg quantize float.onnx --calibration train.txt --pictures 64 --output int8.onnx
        roadseg quantize float.onnx --calibration pictures/ --output int8.onnx --report
        roadseg quantize float.onnx --calibration recordings/ --output int8.onnx
        roadseg quantize float.onnx --calibration train.txt --evaluate val.txt --max-drop 0.003,0.001 --output int8.onnx
        roadseg quantize imagenet.onnx --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --calibration train.txt \
        --output int8.onnx
      """)

  @Argument(help: ArgumentHelp("The float model, ONNX.", valueName: "model"))
  var model: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Folder of pictures, a list file of which each line's first word counts, or a recording (.mcap, or a folder of \
      them); may be given several times.
      """,
      valueName: "path"))
  var calibration: [String]

  @Option(name: .long, help: "How many of the pictures to use, evenly spread.")
  var pictures = 64

  @Option(name: [.short, .long], help: ArgumentHelp("The int8 model to write.", valueName: "file"))
  var output: String

  @Option(
    name: .long,
    help: """
      How activation ranges are chosen: auto takes what keeps most of the calibration pictures' classes of \
      percentile, minmax, entropy and mse. None of them serves every network.
      """)
  var observer = ObserverName.auto

  @Flag(
    inversion: .prefixedNo,
    help: """
      Balance the channels of consecutive layers first (cross-layer equalisation). Unless told, it is tried where less \
      than 99 % of the calibration pictures' pixels keep their class, and kept where it helps.
      """)
  var equalize: Bool?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Activations of 16 bits: auto (those that 8 bits do not serve), none, or names of tensors or nodes.",
      valueName: "names"))
  var wide = WideOption.auto

  @OptionGroup var pictureInput: PictureInputOptions
  @OptionGroup var outputChoice: OutputOptions
  @OptionGroup var pictureOptions: PictureOptions
  @OptionGroup var allowedDrop: AllowedDropOptions

  @OptionGroup var inputSize: ModelSizeOptions

  @Option(name: .long, help: ArgumentHelp("Class table to write into the model.", valueName: "file"))
  var classes: String?

  @Flag(name: .long, help: "Compare each layer with the float model: error, saturation, time, sensitivity.")
  var report = false

  @Flag(name: .long, help: "Print one JSON object instead of a table.")
  var json = false

  enum ObserverName: String, ExpressibleByArgument, CaseIterable, Encodable {
    case auto, entropy, mse, minmax, percentile

    /// The first of equals is taken.
    static let choice = [percentile, minmax, entropy, mse]

    init(_ observer: ActivationObserver) {
      self = Self.choice.first { $0.observer == observer } ?? .percentile
    }

    var observer: ActivationObserver {
      switch self {
      case .entropy: .entropy
      case .mse: .meanSquaredError
      case .minmax: .minMax
      case .auto, .percentile: .percentile(0.9999)
      }
    }
  }

  func validate() throws {
    if calibration.isEmpty { throw ValidationError("give --calibration") }
    if pictures < 1 { throw ValidationError("--pictures takes 1 or more") }
  }

  func run() throws {
    let graph = try floatGraph()
    let files = try CalibrationPictures.chosen(
      from: calibration, count: pictures, maximumPixels: pictureOptions.maximumPixels)
    try refuseWhatCannotRun(graph, files)
    let manifest = try manifest(of: files)
    let labelled = try allowedDrop.pairs(unseenBy: manifest)
    let calibrated = try balanced(graph, files)
    let search = Terminal.ProgressBar("looking for 16-bit layers", total: nil)
    let narrow = try calibrated.quantized { done, _ in search.update(done) }
    search.finish()
    _ = try Engine(model: narrow, options: EngineOptions(instructionSet: .reference))
    try warnOfLosses(calibrated, narrow)
    var (quantized, drop) = try allowedDrop.enforce(
      float: graph, int8: narrow, name: model, maximumPixels: pictureOptions.maximumPixels, on: labelled,
      widened: wide.isAutomatic ? calibrated.widened : nil)
    quantized.metadata[CalibrationManifest.metadataKey] = manifest.json
    try noteUsualActivity(of: &quantized, files)
    let layers = report ? try layerReport(calibrated, quantized, files.spread(over: 8)) : nil
    let bytes = ONNXWriter.write(quantized)
    // Minutes of work: a power cut right behind must not undo it.
    try FileOutput.write(bytes, to: output, durable: true)
    let result = QuantizationResult(
      model: model, output: output, bytes: bytes.count, pictures: files.count,
      observer: ObserverName(calibrated.options.observer),
      equalized: calibrated.options.equalises,
      wide: quantized.wideActivations,
      layers: layers, drop: drop.map { .init($0, pictures: labelled.count) })
    guard json else { return Terminal.printLine(result.table) }
    let about = RunAbout(
      try .of(model: model, file: model), source: calibration.joined(separator: ", "), isSynthetic: false)
    try Terminal.printJSON(WithAbout(about, result))
  }

  /// Simplified, of a fixed size, with its class table and, where asked for, the normalisation in front.
  private func floatGraph() throws(RoadError) -> ModelGraph {
    var graph = try outputChoice.applied(
      to: pictureInput.applied(to: readGraph(), name: model), model: model)
    graph = try graph.bindingInputs(to: inputSize.size)
    _ = try graph.pictureInput(name: model)
    var table = try ClassTable(metadata: graph.metadata, model: model)
    if let classes { table = try ClassTable(path: classes) }
    if let exclusion = try outputChoice.exclusion(from: table) {
      graph = try graph.excludingClass(exclusion.index, model: model)
      table = exclusion.table
    }
    if let table { graph.metadata[ClassTable.metadataKey] = table.text }
    graph = try graph.simplified()
    if let table = try classTable(of: graph) { graph.metadata[ClassTable.metadataKey] = table.text }
    return graph
  }

  private func readGraph() throws(RoadError) -> ModelGraph {
    let graph = try ONNXReader.read(path: model)
    try graph.refuseDynamicQuantization(model: model)
    return graph
  }

  /// The table that goes with the model: the one it has or was given, and for a single score the threshold in it. Nil
  /// where there is none.
  ///
  /// - Throws: where the table does not fit the scores, before anything is calibrated.
  private func classTable(of graph: ModelGraph) throws(RoadError) -> ClassTable? {
    guard let output = graph.outputs.first, let shape = try graph.inferTypes()[output.name]?.shape, shape.count == 4,
      shape[1] == 1 || graph.metadata[ClassTable.metadataKey] != nil
    else { return nil }
    return try Segmenters.classes(nil, of: graph, name: model, count: shape[1], threshold: graph.scoreThreshold)
  }

  /// Before minutes of calibration. Scales that no picture chose may be to blame for a refusal: those of one picture
  /// decide.
  private func refuseWhatCannotRun(_ graph: ModelGraph, _ files: [CalibrationPicture]) throws(RoadError) {
    func run(_ quantized: ModelGraph) throws(RoadError) {
      _ = try Engine(model: quantized, options: EngineOptions(instructionSet: .reference))
    }
    do throws(RoadError) {
      try run(Quantizer(graph, options: QuantizerOptions(equalises: equalize ?? false)).trial())
    } catch {
      guard files.count > 1 else { throw error }
      let options = QuantizerOptions(equalises: equalize ?? false, wide: .none)
      let size = try graph.pictureInput(name: model).size
      try run(
        Quantizer(graph, options: options).quantize(count: 1) { (_) throws(RoadError) in
          NetworkInput.tensor(
            of: try files[0].picture(maximumPixels: pictureOptions.maximumPixels), size: size)
        })
    }
  }

  /// Calibrated as it is or, where bytes then move many pixels to other classes and that helps, equalised.
  private func balanced(_ graph: ModelGraph, _ files: [CalibrationPicture]) throws(RoadError) -> CalibratedNetwork {
    let plain = try observed(calibrate(graph, files, equalises: equalize ?? false))
    guard equalize == nil, CrossLayerEqualisation.changes(graph), let kept = try plain.agreementInBytes(),
      kept < Self.wellKept
    else { return plain }
    let equalised = try observed(calibrate(graph, files, equalises: true))
    let others = try equalised.agreementInBytes() ?? 0
    return others > kept + 0.001 ? equalised : plain
  }

  /// Without labels nothing else would say so.
  private func warnOfLosses(_ network: CalibratedNetwork, _ quantized: ModelGraph) throws(RoadError) {
    guard let kept = try network.agreement(of: quantized), kept < Self.poorlyKept else { return }
    Terminal.say(
      "roadseg: only \(Format.percent(kept)) of the calibration pictures' pixels keep their class in integers; "
        + "--report tells which layers lose it")
  }

  /// Share of the pixels that keep their class, below which a network is hardly what it was.
  private static let poorlyKept = 0.8

  /// Share of the pixels that keep their class, from which on a network is not made anew to keep more.
  private static let wellKept = 0.99

  private func calibrate(
    _ graph: ModelGraph, _ files: [CalibrationPicture], equalises: Bool
  ) throws(RoadError) -> CalibratedNetwork {
    let size = try graph.pictureInput(name: model).size
    let quantizer = try Quantizer(
      graph, options: QuantizerOptions(observer: observer.observer, equalises: equalises, wide: wide.activations))
    let bar = Terminal.ProgressBar("calibrating", total: files.count)
    return try quantizer.calibrate(
      count: files.count, progress: { bar.update($0) },
      picture: { index throws(RoadError) in
        NetworkInput.tensor(
          of: try files[index].picture(maximumPixels: pictureOptions.maximumPixels), size: size)
      })
  }

  /// With the observer that serves the calibration pictures best; one that was named and loses is said to.
  private func observed(_ network: CalibratedNetwork) throws(RoadError) -> CalibratedNetwork {
    let bar = Terminal.ProgressBar("choosing ranges", total: nil)
    defer { bar.finish() }
    guard observer != .auto else {
      return try network.choosing(among: ObserverName.choice.map(\.observer)) { done, _ in bar.update(done) }
    }
    let usual = ObserverName.percentile
    if observer != usual, let own = try network.agreementInBytes(),
      let other = try network.observed(by: usual.observer).agreementInBytes(), own < other - 0.005
    {
      Terminal.say(
        "roadseg: --observer \(observer) keeps the class of \(Format.percent(own)) of the calibration pictures' "
          + "pixels, \(usual) of \(Format.percent(other))")
    }
    return network
  }

  /// Which pictures the ranges come from, by hash, so that an evaluation on them can be refused.
  private func manifest(of files: [CalibrationPicture]) throws(RoadError) -> CalibrationManifest {
    var manifest = CalibrationManifest()
    for file in files { manifest.add(file: file.name, bytes: try file.bytes()) }
    return manifest
  }

  /// For the drift alarm. A network whose classes nobody names tells nothing of a road.
  private func noteUsualActivity(of graph: inout ModelGraph, _ files: [CalibrationPicture]) throws(RoadError) {
    let threads = IntegerSegmenter.defaultThreads
    guard let network = try? IntegerSegmenter(graph, name: model, classes: nil, threads: threads) else { return }
    let usual = try network.usualActivity(count: files.count) { index throws(RoadError) in
      try files[index].picture(maximumPixels: pictureOptions.maximumPixels)
    }
    if let usual { graph.note(usual) }
  }

  private func layerReport(
    _ calibrated: CalibratedNetwork, _ quantized: ModelGraph, _ files: [CalibrationPicture]
  ) throws(RoadError) -> [LayerReport] {
    // Equalised layers hold other numbers than the float model's: they are compared with the equalised float model.
    let float = calibrated.graph
    let size = try float.pictureInput(name: model).size
    var pictures: [FloatTensor] = []
    for file in files {
      let picture = try file.picture(maximumPixels: pictureOptions.maximumPixels)
      pictures.append(NetworkInput.tensor(of: picture, size: size))
    }
    var bar: Terminal.ProgressBar?
    return try LayerReport.full(float: float, quantized: quantized, pictures: pictures) { done, all in
      if bar == nil { bar = Terminal.ProgressBar("each layer alone", total: all) }
      bar?.update(done)
    }
  }
}
