import ArgumentParser
import Foundation
import RoadBase
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadModel
import RoadQuantizer

/// `--evaluate`, `--label-map` and `--max-drop` of `quantize`.
struct AllowedDropOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Score the float and the int8 model on these labelled pictures: a list, one 'picture label' pair a line.",
      valueName: "list"))
  var evaluate: String?

  @Option(name: .long, help: ArgumentHelp("Table from the labels' values to the model's classes.", valueName: "file"))
  var labelMap: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      What int8 may lose of mIoU and of road IoU, 0...1: 16 bits for more layers if it must be, nothing written and \
      an error if that is not enough.
      """,
      valueName: "miou,road"))
  var maxDrop: AccuracyDrop.Limit?

  func validate() throws {
    if evaluate == nil, maxDrop != nil || labelMap != nil {
      throw ValidationError("--max-drop and --label-map need --evaluate")
    }
  }

  /// The labelled pictures; none without `--evaluate`.
  ///
  /// - Throws: for pictures that calibrate: figures on them would look better than they are.
  func pairs(unseenBy manifest: CalibrationManifest) throws(RoadError) -> [PicturePair] {
    guard let evaluate else { return [] }
    let pairs = try PicturePairs.list(evaluate)
    try manifest.refuseOverlap(with: pairs)
    return pairs
  }

  /// The int8 network and what it loses on the pictures; nil without `--evaluate`.
  ///
  /// Where `quantized` loses more than is allowed and `widened` is given, that looks for activations to give 16 bits
  /// until it does not.
  ///
  /// - Throws: where more is lost in the end than is allowed.
  func enforce(
    float: ModelGraph, int8 quantized: ModelGraph, name: String, maximumPixels: Int, on pairs: [PicturePair],
    widened: ((_ until: (ModelGraph) throws(RoadError) -> Bool) throws(RoadError) -> ModelGraph)?
  ) throws(RoadError) -> (int8: ModelGraph, drop: AccuracyDrop?) {
    guard evaluate != nil else { return (quantized, nil) }
    let scores = try scores(of: float, name, maximumPixels, on: pairs, saying: "evaluating float")
    func drop(of int8: ModelGraph, _ text: String) throws(RoadError) -> AccuracyDrop {
      AccuracyDrop(float: scores, int8: try self.scores(of: int8, name, maximumPixels, on: pairs, saying: text))
    }
    var (int8, lost) = (quantized, try drop(of: quantized, "evaluating int8"))
    guard let maxDrop else { return (int8, lost) }
    if let widened, !lost.isWithin(maxDrop) {
      int8 = try widened { (graph) throws(RoadError) in
        lost = try drop(of: graph, "evaluating 16 bits for \(graph.wideActivations.count)")
        return lost.isWithin(maxDrop)
      }
    }
    try lost.enforce(maxDrop)
    return (int8, lost)
  }

  private func scores(
    of graph: ModelGraph, _ name: String, _ maximumPixels: Int, on pairs: [PicturePair], saying text: String
  ) throws(RoadError) -> SegmentationScores {
    let bar = Terminal.ProgressBar(text, total: pairs.count)
    return try AccuracyDrop.scores(
      of: graph, name: name, on: pairs, labelMap: labelMap, threads: ProcessInfo.processInfo.activeProcessorCount,
      maximumPixels: maximumPixels, progress: { bar.update($0) })
  }
}

extension AccuracyDrop.Limit: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// `--wide` of `quantize`.
enum WideOption: ExpressibleByArgument {
  case auto, none
  case names([String])

  init?(argument: String) {
    switch argument {
    case "auto": self = .auto
    case "none": self = .none
    default:
      let names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard names.allSatisfy({ !$0.isEmpty }) else { return nil }
      self = .names(names)
    }
  }

  var defaultValueDescription: String { "auto" }

  var isAutomatic: Bool { if case .auto = self { true } else { false } }

  var activations: WideActivations {
    switch self {
    case .auto: .automatic
    case .none: .none
    case .names(let names): .named(names)
    }
  }
}
