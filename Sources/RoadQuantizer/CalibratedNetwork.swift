import RoadBase
import RoadFloat
import RoadModel

/// A float network and what ``Quantizer/calibrate(count:progress:picture:)`` learnt of its activations: ready to be
/// made into integers, also several times, with 16 bits for other tensors.
public struct CalibratedNetwork {
  /// The float network; equalised where the options say so.
  public let graph: ModelGraph
  public private(set) var options: QuantizerOptions
  let scheme: QuantizationScheme
  let statistics: ActivationStatistics
  private(set) var quantizations: [String: Quantization]
  /// A few of the calibration pictures, 1, 3, H, W.
  let samples: [FloatTensor]
  /// Of the float network, 1 x classes x H x W for each of the samples; nil where it has none.
  let scores: [FloatTensor]?
  private let cache = Cache()

  /// What is computed once, whatever form of the network asks for it.
  private final class Cache {
    /// By node.
    var weights: [Int: QuantizedWeights] = [:]
    /// Of bytes alone, by how their ranges are found.
    var agreements: [ActivationObserver: Double] = [:]
  }

  init(
    graph: ModelGraph, options: QuantizerOptions, scheme: QuantizationScheme, statistics: ActivationStatistics,
    samples: [FloatTensor], scores: [FloatTensor]? = nil
  ) {
    self.graph = graph
    self.options = options
    self.scheme = scheme
    self.statistics = statistics
    self.samples = samples
    self.scores = scores
    quantizations = statistics.quantizations(options.observer)
  }

  /// With ranges chosen another way, from the same statistics.
  public func observed(by observer: ActivationObserver) -> CalibratedNetwork {
    var network = self
    network.options.observer = observer
    network.quantizations = statistics.quantizations(observer)
    return network
  }

  /// With the observer, of some, whose bytes keep the float network's class in the most pixels of the samples; an
  /// earlier one where a later is better by less than a thousandth.
  public func choosing(
    among observers: [ActivationObserver], progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
  ) throws(RoadError) -> CalibratedNetwork {
    var best: (network: CalibratedNetwork, agreement: Double)?
    for (index, observer) in observers.enumerated() {
      let network = observed(by: observer)
      guard let agreement = try network.agreementInBytes() else { return self }
      if best.map({ agreement > $0.agreement + 0.001 }) ?? true { best = (network, agreement) }
      progress(index + 1, observers.count)
    }
    return best?.network ?? self
  }

  /// Share of the samples' pixels to which an int8 network made of this one gives the class that the float network
  /// gives; nil where that has no scores of classes.
  public func agreement(of quantized: ModelGraph) throws(RoadError) -> Double? {
    try WideSearch(self).agreement(ofQuantized: quantized)
  }

  /// Share of the samples' pixels to which bytes alone give the class that the float network gives; nil where that has
  /// no scores of classes.
  public func agreementInBytes() throws(RoadError) -> Double? {
    if let known = cache.agreements[options.observer] { return known }
    let share = try agreement(of: quantized(wide: []))
    cache.agreements[options.observer] = share
    return share
  }

  /// The network in integers, its activations of the bits that ``QuantizerOptions/wide`` says.
  ///
  /// - Parameter progress: of the search for them; called with the steps done, out of about `all`.
  public func quantized(
    progress: @escaping (_ done: Int, _ all: Int) -> Void = { _, _ in }
  ) throws(RoadError) -> ModelGraph {
    switch options.wide {
    case .none: return try quantized(wide: [])
    case .named(let names): return try quantized(wide: scheme.tensors(named: names, in: graph))
    case .found(let worst, let aim): return try WideSearch(self, progress: progress).quantized(worst: worst, aim: aim)
    }
  }

  /// The network with 16 bits for as few activations as `isEnough` needs: those first whose rounding alone adds the
  /// most noise to the scores. Where nothing is enough, all but the scores have 16 bits.
  ///
  /// - Parameter isEnough: not called for the network without any; called some ten times for a network of a hundred
  ///   layers.
  public func widened(
    until isEnough: (ModelGraph) throws(RoadError) -> Bool
  ) throws(RoadError) -> ModelGraph {
    try WideSearch(self).fewest(isEnough)
  }

  func quantized(wide: Set<String>) throws(RoadError) -> ModelGraph {
    var builder = QDQGraphBuilder(graph: graph, scheme: scheme, quantizations: quantizations, wide: wide)
    for index in scheme.convolutions { try quantizeWeights(ofNode: index, into: &builder) }
    return builder.build()
  }

  private func quantizeWeights(ofNode index: Int, into builder: inout QDQGraphBuilder) throws(RoadError) {
    let node = graph.nodes[index]
    guard node.inputs.count > 1, let data = graph.initializers[node.inputs[1]],
      let inputQuantization = quantizations[node.inputs[0]], data.elementType == .float
    else {
      throw RoadError(
        .model, "node '\(node.name)' (\(node.operation)): its weights are not float constants",
        remedy: "export the model with constant folding")
    }
    let weights = FloatTensor(data)
    let given = node.input(2).flatMap { graph.initializers[$0] }.map { FloatTensor($0).values }
    guard weights.values.allSatisfy(\.isFinite), given?.allSatisfy(\.isFinite) ?? true else {
      throw RoadError(
        .model, "node '\(node.name)' (\(node.operation)): weights or biases that are infinite or not a number",
        remedy: "train again from a checkpoint before they broke")
    }
    let axis = node.operation == "Conv" ? 0 : 1
    let quantized =
      cache.weights[index]
      ?? QuantizedWeights(weights, channelAxis: axis, search: options.searchesWeightScales)
    cache.weights[index] = quantized
    let groups = if case .integer(let value)? = node.attributes["group"] { value } else { 1 }
    // A transposed convolution in groups has one scale for O/groups channels, and a bias for each of the O.
    var bias = [Float](repeating: 0, count: quantized.scales.count * (axis == 1 ? groups : 1))
    if let given { bias = given }
    if options.correctsBiases, axis == 0, let means = statistics.channelMeans(of: node.inputs[0]) {
      correct(&bias, weights: weights, quantized: quantized, means: means, groups: groups)
    }
    builder.setWeights(ofNode: index, quantized, axis: axis, bias: bias, inputQuantization: inputQuantization)
  }

  /// Rounding moves Σ w·E[x] of each output channel; the bias takes it back.
  private func correct(
    _ bias: inout [Float], weights: FloatTensor, quantized: QuantizedWeights, means: [Float], groups: Int
  ) {
    let rounded = quantized.dequantized(channelAxis: 0)
    let (inputs, taps) = (weights.shape[1], weights.shape[2] * weights.shape[3])
    let outputsPerGroup = weights.shape[0] / groups
    for output in 0..<weights.shape[0] {
      var shift: Float = 0
      for channel in 0..<inputs {
        let mean = means[output / outputsPerGroup * inputs + channel]
        for tap in 0..<taps {
          let index = (output * inputs + channel) * taps + tap
          shift += (weights.values[index] - rounded.values[index]) * mean
        }
      }
      if shift.isFinite { bias[output] += shift }
    }
  }
}
