import ArgumentParser
import Foundation
import RoadBase
import RoadEvaluation
import RoadFrame
import RoadModel
import RoadQuantizer

/// `--mean` and `--std` of `quantize`.
struct NormalisationOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Of a model without normalisation in its graph: what its training subtracted, in units of 0...1.",
      valueName: "r,g,b"))
  var mean: ChannelNumbers?

  @Option(name: .customLong("std"), help: ArgumentHelp("What its training divided by, likewise.", valueName: "r,g,b"))
  var deviation: ChannelNumbers?

  /// Both, or nil where neither is given.
  var values: (mean: [Float], deviation: [Float])? {
    guard let mean, let deviation else { return nil }
    return (mean.values, deviation.values)
  }

  func validate() throws {
    guard (mean == nil) == (deviation == nil) else { throw ValidationError("give both --mean and --std") }
    if let deviation, !deviation.values.allSatisfy({ $0 > 0 }) {
      throw ValidationError("--std takes numbers above 0")
    }
  }
}

/// A number for red, green and blue each.
struct ChannelNumbers: ExpressibleByArgument {
  let values: [Float]

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) ?? .nan }
    guard numbers.count == 3, numbers.allSatisfy({ $0.isFinite && abs($0) <= 1000 }) else { return nil }
    values = numbers
  }
}

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
      "Write nothing and fail if int8 loses more of mIoU and of road IoU than this, 0...1.", valueName: "miou,road"))
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

  /// What int8 loses on the pictures, not more than allowed; nil without `--evaluate`.
  func measure(
    float: ModelGraph, int8: ModelGraph, name: String, on pairs: [PicturePair]
  ) throws(RoadError) -> AccuracyDrop? {
    guard evaluate != nil else { return nil }
    let bar = Terminal.ProgressBar("evaluating", total: 2 * pairs.count)
    let drop = try AccuracyDrop.measure(
      float: float, int8: int8, name: name, classes: nil, on: pairs, labelMap: labelMap,
      threads: ProcessInfo.processInfo.activeProcessorCount, progress: { bar.update($0) })
    if let maxDrop { try drop.enforce(maxDrop) }
    return drop
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

  var activations: WideActivations {
    switch self {
    case .auto: .automatic
    case .none: .none
    case .names(let names): .named(names)
    }
  }
}
