import ArgumentParser
import Foundation
import RoadBase
import RoadEvaluation
import RoadFloat
import RoadFrame
import RoadMask
import RoadModel
import RoadQuantizer

/// `roadseg quantize`
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Makes an int8 model (QDQ ONNX) from a float one and calibration pictures.",
    discussion: """
      A few dozen varied pictures are enough; use training pictures, never those that you evaluate on.

      EXAMPLES:
        roadseg quantize float.onnx --calibration train.txt --pictures 64 --output int8.onnx
        roadseg quantize float.onnx --calibration pictures/ --output int8.onnx --report
      """)

  @Argument(help: ArgumentHelp("The float model, ONNX.", valueName: "model"))
  var model: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Folder of pictures, or a list file of which each line's first word counts; may be given several times.",
      valueName: "path"))
  var calibration: [String]

  @Option(name: .long, help: "How many of the pictures to use, evenly spread.")
  var pictures = 64

  @Option(name: [.short, .long], help: ArgumentHelp("The int8 model to write.", valueName: "file"))
  var output: String

  @Option(name: .long, help: "How activation ranges are chosen: percentile, mse or minmax.")
  var observer = ObserverName.percentile

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Network input size of a model that leaves it open; the int8 model is bound to it.", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: ArgumentHelp("Class table to write into the model.", valueName: "file"))
  var classes: String?

  @Flag(name: .long, help: "Compare each layer with the float model on eight of the pictures.")
  var report = false

  @Flag(name: .long, help: "Print one JSON object instead of a table.")
  var json = false

  enum ObserverName: String, ExpressibleByArgument, CaseIterable, Encodable {
    case mse, minmax, percentile

    var observer: ActivationObserver {
      switch self {
      case .mse: .meanSquaredError
      case .minmax: .minMax
      case .percentile: .percentile(0.9999)
      }
    }
  }

  func validate() throws {
    if calibration.isEmpty { throw ValidationError("give --calibration") }
    if pictures < 1 { throw ValidationError("--pictures takes 1 or more") }
  }

  func run() throws {
    var graph = try ONNXReader.read(path: model)
    graph = try graph.bindingInputs(to: size)
    let size = try graph.pictureInput(name: model).size
    if let classes { graph.metadata[ClassTable.metadataKey] = try ClassTable(path: classes).text }
    graph = try graph.simplified()
    let files = try calibrationFiles()
    graph.metadata[CalibrationManifest.metadataKey] = try manifest(of: files).json
    let quantizer = try Quantizer(graph, options: QuantizerOptions(observer: observer.observer))
    let bar = Terminal.ProgressBar("calibrating", total: 2 * files.count)
    let quantized = try quantizer.quantize(
      count: files.count, progress: { bar.update($0) },
      picture: { index throws(RoadError) in
        NetworkInput.tensor(of: try PictureFile.read(files[index]), size: size)
      })
    var layers: [LayerReport]?
    if report { layers = try layerReport(graph, quantized, files.spread(over: 8), size) }
    let bytes = ONNXWriter.write(quantized)
    try FileOutput.write(bytes, to: output)
    let result = QuantizationResult(
      model: model, output: output, bytes: bytes.count, pictures: files.count, observer: observer,
      layers: Nullable(wrappedValue: layers))
    if json { try Terminal.printJSON(result) } else { print(result.table) }
  }

  /// As many from each folder or list.
  private func calibrationFiles() throws(RoadError) -> [String] {
    let share = max(pictures / max(calibration.count, 1), 1)
    var files: [String] = []
    for path in calibration { files += try PicturePairs.pictures(path).spread(over: share) }
    return files
  }

  /// Which pictures the ranges come from, by hash, so that an evaluation on them can be refused.
  private func manifest(of files: [String]) throws(RoadError) -> CalibrationManifest {
    var manifest = CalibrationManifest()
    for file in files { manifest.add(file: file, bytes: try FileInput.read(file, as: .picture)) }
    return manifest
  }

  private func layerReport(
    _ float: ModelGraph, _ quantized: ModelGraph, _ files: [String], _ size: PictureSize
  ) throws(RoadError) -> [LayerReport] {
    var pictures: [FloatTensor] = []
    for file in files { pictures.append(NetworkInput.tensor(of: try PictureFile.read(file), size: size)) }
    return try LayerReport.compare(float: float, quantized: quantized, pictures: pictures)
  }
}

extension Array {
  /// At most `count` elements, evenly spread from the first on.
  fileprivate func spread(over count: Int) -> [Element] {
    count >= self.count ? self : (0..<count).map { self[$0 * self.count / count] }
  }
}

/// What `quantize --json` prints.
private struct QuantizationResult: Encodable {
  let model: String
  let output: String
  let bytes: Int
  let pictures: Int
  let observer: QuantizeCommand.ObserverName
  /// Only with `--report`.
  @Nullable var layers: [LayerReport]?

  var table: String {
    var text = "\(output): \(bytes) bytes, calibrated on \(pictures) pictures (\(observer.rawValue))"
    guard let layers else { return text }
    var rows = [["tensor", "scale", "zero-point", "SQNR dB", "cosine", "saturated"]]
    for layer in layers {
      rows.append([
        layer.name, String(format: "%.6g", layer.scale), "\(layer.zeroPoint)", Format.fixed(layer.signalToNoise, 1),
        Format.fixed(layer.cosine, 5), Format.percent(layer.saturation),
      ])
    }
    text += "\n" + Format.table(rows)
    return text
  }
}
