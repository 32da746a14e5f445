import ArgumentParser
import RoadBase
import RoadModel

/// `--mean`, `--std`, `--value-range` and `--channel-order`: what a model expects of its pictures that its graph does
/// not do itself.
struct PictureInputOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      What the training subtracted, of a model without normalisation in its graph, in its order of channels: for \
      pixels of 0...1, or of 0...255 where numbers are above 1.
      """,
      valueName: "r,g,b"))
  var mean: ChannelNumbers?

  @Option(name: .customLong("std"), help: ArgumentHelp("What its training divided by, likewise.", valueName: "r,g,b"))
  var deviation: ChannelNumbers?

  @Option(
    name: .long, parsing: .unconditional,
    help: "The pixels' range of a model that wants nothing else done: 0..255, 0..1 or -1..1.")
  var valueRange: ValueRange?

  @Option(name: .long, help: "The order of the model's channels: rgb or bgr.")
  var channelOrder = ChannelOrder.rgb

  enum ValueRange: String, CaseIterable, ExpressibleByArgument {
    case bytes = "0..255"
    case unit = "0..1"
    case signed = "-1..1"

    /// As numbers for pixels of 0...1.
    var normalisation: (mean: Double, deviation: Double)? {
      switch self {
      case .bytes: nil
      case .unit: (0, 1)
      case .signed: (0.5, 0.5)
      }
    }
  }

  enum ChannelOrder: String, CaseIterable, ExpressibleByArgument {
    case rgb, bgr
  }

  func validate() throws {
    guard (mean == nil) == (deviation == nil) else { throw ValidationError("give both --mean and --std") }
    guard mean == nil || valueRange == nil else {
      throw ValidationError("--value-range is for models without --mean and --std")
    }
    do throws(RoadError) { _ = try normalisation() } catch { throw ValidationError("\(error)") }
  }

  /// The graph with what was asked for in front of it.
  ///
  /// - Throws: a model error for a model that has it already.
  func applied(to graph: ModelGraph, name: String) throws(RoadError) -> ModelGraph {
    let normalisation = try normalisation()
    guard normalisation != nil || channelOrder == .bgr else { return graph }
    if let done = graph.metadata[ModelGraph.pictureInputKey] {
      throw RoadError(
        .model, "\(name): roadseg put this into the model already: \(done)",
        remedy: "leave out --mean, --std, --value-range and --channel-order")
    }
    var (result, words) = (graph, [String]())
    if channelOrder == .bgr {
      result = try result.swappingRedAndBlue()
      words.append("channel order bgr")
    }
    if let normalisation {
      // In front of the swap, where channels are still red, green, blue.
      result = try result.normalisingInput(channelOrder == .bgr ? normalisation.reversed : normalisation)
      words.append(normalisation.words)
    }
    result.metadata[ModelGraph.pictureInputKey] = words.joined(separator: ", ")
    if let normalisation, mean != nil {
      Terminal.say(
        "roadseg: --mean and --std are taken for pixels of \(normalisation.isOfBytes ? "0...255" : "0...1")")
    }
    return result
  }

  /// As another process of roadseg takes them.
  var arguments: [String] {
    func text(_ numbers: ChannelNumbers) -> String { numbers.values.map { "\($0)" }.joined(separator: ",") }
    var arguments = ["--channel-order", channelOrder.rawValue]
    if let mean { arguments += ["--mean", text(mean)] }
    if let deviation { arguments += ["--std", text(deviation)] }
    if let valueRange { arguments += ["--value-range", valueRange.rawValue] }
    return arguments
  }

  private func normalisation() throws(RoadError) -> InputNormalisation? {
    if let mean, let deviation { return try InputNormalisation(mean: mean.values, deviation: deviation.values) }
    guard let range = valueRange?.normalisation else { return nil }
    return try InputNormalisation(
      mean: [Double](repeating: range.mean, count: 3), deviation: [Double](repeating: range.deviation, count: 3))
  }
}

extension InputNormalisation {
  /// "mean 0.485, 0.456, 0.406 and std 0.229, 0.224, 0.225 of 0...1"
  fileprivate var words: String {
    func text(_ numbers: [Float]) -> String {
      numbers.map { Format.fixed(Double($0) / 255, 3) }.joined(separator: ", ")
    }
    return "mean \(text(mean)) and std \(text(deviation)) of 0...1"
  }
}

/// A number for each of three channels, or one for all.
struct ChannelNumbers: ExpressibleByArgument {
  let values: [Double]

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard [1, 3].contains(numbers.count), numbers.allSatisfy(\.isFinite) else { return nil }
    values = numbers.count == 3 ? numbers : [Double](repeating: numbers[0], count: 3)
  }
}
