import Glibc
import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// How an ``Engine`` runs.
public struct EngineOptions: Sendable {
  /// Threads that compute, the caller of `run` counted.
  public var threads: Int
  /// Nil: the fastest this machine has, or the one that `ROADSEG_INSTRUCTION_SET` names.
  public var instructionSet: InstructionSet?
  /// Nil: the size in the model.
  public var inputSize: PictureSize?
  /// Chains of layers run depth-first over strips of rows; false runs each layer over the whole picture. Same bytes.
  public var fusesLayers: Bool
  /// How sums become bytes.
  public var rounding: Rounding

  /// The rules are in `Arithmetic.md`.
  public enum Rounding: Sendable {
    /// Fast for models that roadseg quantized (it knows them by their producer), ONNX Runtime's for all others.
    case automatic
    /// 15-bit factors: within one step of the real product.
    case fast
    /// 31-bit factors and ties to even, as other tools' models expect. Slower by up to a third.
    case onnxRuntime
  }

  public init(
    threads: Int = 1, instructionSet: InstructionSet? = nil, inputSize: PictureSize? = nil, fusesLayers: Bool = true,
    rounding: Rounding = .automatic
  ) {
    self.threads = threads
    self.instructionSet = instructionSet
    self.inputSize = inputSize
    self.fusesLayers = fusesLayers
    self.rounding = rounding
  }
}

extension EngineOptions {
  fileprivate func contract(for model: ModelGraph) -> RoundingContract {
    switch rounding {
    case .automatic:
      model.producer == ModelGraph.ownProducer || model.metadata.keys.contains { $0.hasPrefix("roadseg.") }
        ? .roadseg : .onnxRuntime
    case .fast: .roadseg
    case .onnxRuntime: .onnxRuntime
    }
  }
}

/// Runs one 8-bit network: RGB pixels in, a byte score for each class and cell out, integers only in between.
///
/// The scores depend on the model and the pixels alone: any instruction set, thread count and plan gives the same
/// bytes.
///
///     let engine = try Engine(model: graph)
///     // write RGBX pixels to engine.input
///     engine.run()
///     // read engine.scores
///
/// An engine is used by one thread at a time; `input` may be written and `scores` read whenever `run` is not running.
public final class Engine: @unchecked Sendable {
  public let inputSize: PictureSize
  /// RGBX, 4 bytes a pixel; the fourth does not matter. Normalisation is part of the network.
  public let input: TensorView
  /// Scores at the network's own stride; `channels` is the number of classes, a higher byte is a likelier class.
  public let scores: TensorView
  public let scoresQuantization: Quantization
  /// Set where the model leaves its scores as real numbers: they then have 15 bits, and this is how far behind a
  /// class's byte in ``scores`` the 7 bits below it lie.
  public let scoresLowOffset: Int?
  /// Whether the model itself upsamples its scores to the size of its input, and rounds them to bytes again before the
  /// classes are compared. Only where ``EngineOptions/Rounding`` is ONNX Runtime's.
  public let roundsUpsampledScores: Bool
  /// Where a model with one score a pixel draws the line, in the numbers of its own output; of no meaning for other
  /// models.
  public let threshold: ScoreThreshold
  /// Nodes whose results the model leaves unquantized between quantized layers. They are kept in 16 bits, which costs
  /// time: ``layers`` has them by name.
  public let unquantizedNodes: [String]
  /// In the order of execution.
  public let layers: [LayerDescription]
  public let memoryReport: MemoryReport
  public let instructionSet: InstructionSet
  /// Serves other work between frames, too.
  public let pool: WorkerPool

  /// While true, `run` notes the time of each layer.
  public var timesLayers = false {
    didSet { for step in plan.steps { step.isTimed = timesLayers } }
  }
  /// While true, `run` counts the values of some activations that lie at the ends of their range, which costs it about
  /// a percent.
  public var countsSaturation = false
  /// Of the last run with ``countsSaturation``.
  public private(set) var saturation = Saturation()

  /// Of the last run with ``timesLayers``, one entry for each of ``layers``.
  public var layerNanoseconds: [UInt64] { Array(UnsafeBufferPointer(start: times, count: layers.count)) }

  /// The same without an array of its own.
  public func withLayerNanoseconds(_ body: (UnsafeBufferPointer<UInt64>) -> Void) {
    body(UnsafeBufferPointer(start: times, count: layers.count))
  }

  package var arenaTenants: [ArenaTenant] { plan.tenants }

  private let droppedSigmoids: Int
  private let plan: Plan
  private let steps: UnsafeMutablePointer<any PlanStep>
  private let times: UnsafeMutablePointer<UInt64>

  /// - Parameters:
  ///   - model: a QDQ graph; one input of 1x3xHxW, its first output are the scores.
  /// - Throws: a model error that names every node that cannot run; an option error for an instruction set that is not
  ///   there.
  public convenience init(model: ModelGraph, options: EngineOptions = EngineOptions()) throws(RoadError) {
    guard (1...256).contains(options.threads) else {
      throw RoadError(.option, "\(options.threads) threads", remedy: "use 1 to 256")
    }
    try self.init(model: model, options: options, pool: WorkerPool(threads: options.threads))
  }

  /// - Parameter pool: shared with others; replaces `options.threads`.
  public init(model: ModelGraph, options: EngineOptions, pool: WorkerPool) throws(RoadError) {
    let set = try InstructionSet.chosen(options.instructionSet)
    let network = try Lowering.lower(
      model, inputSize: options.inputSize, rounding: options.contract(for: model))
    let plan = try Plan(network, kernels: .of(set), threads: pool.threads, fuses: options.fusesLayers)
    self.plan = plan
    self.pool = pool
    instructionSet = set
    inputSize = PictureSize(width: plan.input.width, height: plan.input.height)
    input = plan.input
    var scores = plan.output
    if let shape = network.int15Scores { scores.channels = shape.classes }
    self.scores = scores
    scoresLowOffset = network.int15Scores?.lowChannel
    scoresQuantization = network.tensors[network.output].quantization
    roundsUpsampledScores = network.roundsUpsampledScores
    threshold = network.threshold
    droppedSigmoids = network.droppedSigmoids
    unquantizedNodes = network.unquantizedNodes
    layers = plan.layers
    memoryReport = plan.memoryReport
    steps = .allocate(capacity: plan.steps.count)
    steps.initialize(from: plan.steps, count: plan.steps.count)
    times = .allocate(capacity: plan.layers.count)
    times.initialize(repeating: 0, count: plan.layers.count)
  }

  deinit {
    steps.deinitialize(count: plan.steps.count)
    steps.deallocate()
    times.deallocate()
  }

  /// Where a number of the model's own output lies among ``scores``: in steps of a byte, or of 15-bit scores where
  /// there are such. Numbers that no score reaches lie beyond the first or last step.
  public func scoreSteps(of real: Float) -> Double {
    var value = Double(real)
    for _ in 0..<droppedSigmoids { value = value <= 0 ? -.infinity : value >= 1 ? .infinity : log(value / (1 - value)) }
    let stepsOfByte = scoresLowOffset == nil ? 1.0 : 128
    let zero = Double(scoresQuantization.zeroPoint) * stepsOfByte
    return min(max(zero + value / (Double(scoresQuantization.scale) / stepsOfByte), -1), 256 * stepsOfByte)
  }

  /// One frame: from ``input`` to ``scores``. Never fails, never allocates.
  public func run() {
    if countsSaturation { return runCounting() }
    guard timesLayers else {
      for index in 0..<plan.steps.count { run(steps + index) }
      return
    }
    var layer = 0
    var start = MonotonicClock.now()
    for index in 0..<plan.steps.count {
      run(steps + index)
      let end = MonotonicClock.now()
      steps[index].split(end - start, into: times + layer)
      layer += steps[index].layerCount
      start = end
    }
  }

  private func runCounting() {
    saturation = Saturation()
    var next = 0
    let probed = plan.probe.tensors
    for index in 0..<plan.steps.count {
      run(steps + index)
      guard next < probed.count, probed[next].step == index else { continue }
      SaturationProbe.count(probed[next], into: &saturation)
      next += 1
    }
  }

  /// One frame, for tests of single layers: after each step `inspect` may read what the step wrote and put other bytes
  /// in its place, which the steps behind it then see. With ``EngineOptions/fusesLayers`` false every layer is a step.
  ///
  /// - Parameter inspect: called with the name of the graph's value (the output of a QuantizeLinear) and its bytes.
  package func run(inspecting inspect: (_ name: String, _ bytes: TensorView) throws -> Void) rethrows {
    for index in 0..<plan.steps.count {
      run(steps + index)
      try inspect(plan.results[index].name, plan.results[index].view)
    }
  }

  private func run(_ step: UnsafeMutablePointer<any PlanStep>) {
    pool.run(chunks: step.pointee.chunks, context: UnsafeMutableRawPointer(step)) { context, chunk, worker in
      context.assumingMemoryBound(to: (any PlanStep).self).pointee.run(chunk: chunk, worker: worker)
    }
  }
}

extension InstructionSet {
  fileprivate static func chosen(_ named: InstructionSet?) throws(RoadError) -> InstructionSet {
    guard let named else { return try best() }
    return try chosen(named.rawValue)
  }
}
