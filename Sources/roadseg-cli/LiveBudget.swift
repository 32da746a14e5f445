import ArgumentParser
import RoadBase
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSeg
import RoadSegmentation
import RoadTelemetry
import Synchronization

/// `--budget-ms` and what belongs to it.
struct BudgetOptions: ParsableArguments {
  @Option(
    name: .customLong("budget-ms"),
    help: ArgumentHelp(
      """
      Milliseconds from capture to the drawn picture. Frames that would take longer are dropped; while there are many, \
      the rate, then the network's input, then the model gives way.
      """,
      valueName: "ms"))
  var milliseconds: Double?

  @Option(
    name: .customLong("lighter-model"),
    help: ArgumentHelp(
      "The last step of --budget-ms: a model of the same classes. (default: a shipped one, where there is one)",
      valueName: "model"))
  var lighterModel: String?

  func validate() throws {
    if let milliseconds, !(milliseconds >= 1 && milliseconds <= 60_000) {
      throw ValidationError("--budget-ms takes 1 to 60000")
    }
    if milliseconds == nil, lighterModel != nil { throw ValidationError("--lighter-model needs --budget-ms") }
  }

  var nanoseconds: UInt64? { milliseconds.map { UInt64($0 * 1e6) } }
}

/// The networks that a budget may step down to, made before the first frame.
struct LighterNetworks {
  private let networks: [(name: String, segmenter: IntegerSegmenter)]

  /// - Throws: for a lighter model that was asked for and cannot take the place of the usual one. A smaller input that
  ///   a model cannot have is left out.
  init(_ budget: BudgetOptions, _ models: ModelOptions, than usual: Network) throws(RoadError) {
    guard budget.milliseconds != nil else {
      networks = []
      return
    }
    var found: [(name: String, segmenter: IntegerSegmenter)] = []
    let size = LighterSegmenter.inputSize(below: usual.inputSize)
    if size != usual.inputSize, let graph = try? models.graph(), let small = try? usual.variant(graph, size: size) {
      found.append(("input \(small.inputSize)", small))
    }
    if let name = budget.lighterModel ?? ShippedModels.lighter(than: models.model) {
      let light = try usual.variant(ShippedModels.load(name), name: name, size: nil)
      guard light.classes == usual.classes else {
        throw RoadError(
          .option, "--lighter-model \(name): its classes are not those of \(usual.name)",
          remedy: "give a model of the same classes")
      }
      found.append(("model \(light.name)", light))
    }
    networks = found
  }

  func segmenters(for size: PictureSize, stabilise: StabiliseOptions) -> [LighterSegmenter] {
    networks.map {
      LighterSegmenter(name: $0.name, segmenter: $0.segmenter.segmenter(for: size, stabilise: stabilise))
    }
  }
}

/// Says each step of the ladder once, on standard error.
final class DegradeNotes {
  private var told = 0

  func say(_ state: DegradeState?) {
    guard let state, state.stepCount > told else { return }
    for step in state.steps.suffix(state.stepCount - told) {
      let direction = step.to > step.from ? "steps down to" : "steps back up to"
      Terminal.say(
        "roadseg: budget: \(direction) level \(step.to) (\(state.levels[step.to])): "
          + step.reason(budget: state.budget))
    }
    told = state.stepCount
  }
}
