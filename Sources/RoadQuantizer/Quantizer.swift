import RoadBase
import RoadFloat
import RoadModel

/// How ``Quantizer`` works. The defaults are the ones that measured best (ContextNet, 32 pictures; road IoU lost on 51
/// pictures of CamVid val and of IDD Lite val): percentile 0.02 and 0.03 points, least squares 0.06 and 0.14, extremes
/// 0.02 and 0.27; without weight search and bias correction extremes lose 0.05 and 0.35.
public struct QuantizerOptions: Hashable, Sendable {
  public var observer: ActivationObserver
  /// Searches each output channel's weight scale for the least squared error.
  public var searchesWeightScales: Bool
  /// Moves each bias by what the rounding of the weights shifts the channel's mean (Nagel and others 2019, section
  /// 4.2).
  public var correctsBiases: Bool
  /// Scales channels between consecutive convolutions first, see ``CrossLayerEqualisation``.
  public var equalises: Bool
  /// Activations of 16 bits.
  public var wide: WideActivations

  public init(
    observer: ActivationObserver = .percentile(0.9999), searchesWeightScales: Bool = true, correctsBiases: Bool = true,
    equalises: Bool = false, wide: WideActivations = .automatic
  ) {
    self.observer = observer
    self.searchesWeightScales = searchesWeightScales
    self.correctsBiases = correctsBiases
    self.equalises = equalises
    self.wide = wide
  }
}

/// Post-training quantization: a float graph and calibration pictures to an int8 QDQ graph.
///
/// One pass over the pictures finds each tensor's histogram and the channel means that bias correction needs. Weights
/// become int8 a channel, activations uint8 a tensor (uint16 where ``WideActivations`` says so), biases int32.
public struct Quantizer {
  public let graph: ModelGraph
  public let options: QuantizerOptions
  private let scheme: QuantizationScheme
  private let executor: FloatExecutor
  private let input: String

  /// - Throws: a `RoadError` for a graph that is quantized already, has not exactly one input, or has an operator that
  ///   the float executor lacks.
  public init(_ graph: ModelGraph, options: QuantizerOptions = QuantizerOptions()) throws(RoadError) {
    if let node = graph.nodes.first(where: {
      $0.operation.hasSuffix("QuantizeLinear") || $0.operation == "DequantizeLinear"
    }) {
      throw RoadError(
        .model, "the model is quantized already: node '\(node.name)' is a \(node.operation)",
        remedy: "quantize the float model that it was made from")
    }
    let inputs = graph.inputs.filter { graph.initializers[$0.name] == nil }
    guard inputs.count == 1 else {
      throw RoadError(.model, "the model has \(inputs.count) inputs", remedy: "export it with one: the picture")
    }
    self.graph = options.equalises ? CrossLayerEqualisation.apply(to: graph) : graph
    self.options = options
    input = inputs[0].name
    scheme = QuantizationScheme(self.graph)
    executor = try FloatExecutor(self.graph)
  }

  /// The graph quantized with scales that no picture chose: it runs wherever the quantized one will, so that what
  /// cannot run is found before any picture is seen.
  public func trial() throws(RoadError) -> ModelGraph {
    let options = QuantizerOptions(
      observer: .minMax, searchesWeightScales: false, correctsBiases: false, equalises: false, wide: .none)
    return try CalibratedNetwork(
      graph: graph, options: options, scheme: scheme,
      statistics: ActivationStatistics(scheme: scheme, graph: graph), samples: []
    ).quantized()
  }

  /// The quantized graph: what ``calibrate(count:progress:picture:)`` finds, made into integers as the options say.
  public func quantize(
    count: Int, progress: (Int) -> Void = { _ in }, picture: (Int) throws(RoadError) -> FloatTensor
  ) throws(RoadError) -> ModelGraph {
    try calibrate(count: count, progress: progress, picture: picture).quantized()
  }

  /// One pass over the pictures: what quantizing needs to know of the activations.
  ///
  /// - Parameters:
  ///   - count: how many calibration pictures there are; a few dozen varied ones are enough.
  ///   - progress: called after each picture with the number of pictures seen.
  ///   - picture: the network's input for picture `index`: 1, 3, H, W.
  public func calibrate(
    count: Int, progress: (Int) -> Void = { _ in }, picture: (Int) throws(RoadError) -> FloatTensor
  ) throws(RoadError) -> CalibratedNetwork {
    guard count > 0 else {
      throw RoadError(
        .picture, "no calibration pictures", remedy: "give at least one; a few dozen varied ones are enough")
    }
    var statistics = ActivationStatistics(scheme: scheme, graph: graph)
    let seen = min(count, Self.searchPictures)
    let sampled = Set((0..<seen).map { $0 * count / seen })
    var (samples, scores): ([FloatTensor], [FloatTensor]) = ([], [])
    for index in 0..<count {
      let tensor = try picture(index)
      statistics.add(input, tensor)
      let outputs = try executor.run([input: tensor]) { statistics.add($0, $1) }
      if sampled.contains(index) {
        samples.append(tensor)
        if let name = graph.outputs.first?.name, let output = outputs[name] { scores.append(output) }
      }
      progress(index + 1)
    }
    return CalibratedNetwork(
      graph: graph, options: options, scheme: scheme, statistics: statistics, samples: samples,
      scores: scores.count == samples.count ? scores : nil)
  }

  /// Pictures that the search for 16-bit activations looks at.
  private static let searchPictures = 4
}
