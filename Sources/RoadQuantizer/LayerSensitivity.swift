import Glibc
import RoadBase
import RoadFloat
import RoadModel

/// Which layers a network minds having quantized: each is quantized alone, all others stay float, and what that does to
/// the scores is measured.
struct LayerSensitivity {
  private let float: ModelGraph
  private let quantized: ModelGraph
  private let scheme: QuantizationScheme
  private let producers: [String: Int]

  init(float: ModelGraph, quantized: ModelGraph) {
    self.float = float
    self.quantized = quantized
    scheme = QuantizationScheme(float)
    producers = Dictionary(
      float.nodes.enumerated().flatMap { index, node in node.outputs.map { ($0, index) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Signal to noise of the scores, in decibels, by the name of the layer's result.
  ///
  /// - Parameter progress: called with the layers done, out of all.
  func measure(
    pictures: [FloatTensor], progress: (Int, Int) -> Void = { _, _ in }
  ) throws(RoadError) -> [String: Double] {
    let inputs = float.inputs.filter { float.initializers[$0.name] == nil }
    guard let input = inputs.first?.name, let output = float.outputs.first?.name else { return [:] }
    let exact = try scores(of: float, input, output, pictures)
    var decibels: [String: Double] = [:]
    for (index, tensor) in scheme.tensors.enumerated() {
      if let graph = quantizedAlone(tensor) {
        decibels[tensor] = Self.signalToNoise(exact, try scores(of: graph, input, output, pictures))
      }
      progress(index + 1, scheme.tensors.count)
    }
    return decibels
  }

  private func scores(
    of graph: ModelGraph, _ input: String, _ output: String, _ pictures: [FloatTensor]
  ) throws(RoadError) -> [[Float]] {
    let executor = try FloatExecutor(graph)
    var scores: [[Float]] = []
    for picture in pictures { scores.append(try executor.run([input: picture])[output]?.values ?? []) }
    return scores
  }

  private func quantizedAlone(_ tensor: String) -> ModelGraph? {
    guard let quantization = LayerReport.quantization(of: tensor, in: quantized) else { return nil }
    var graph = float
    if let (name, values) = weights(behind: tensor) { graph.initializers[name] = values }
    let wide: Set<String> = LayerReport.bits(of: tensor, in: quantized) == 16 ? [tensor] : []
    var builder = QDQGraphBuilder(graph: graph, scheme: scheme, quantizations: [tensor: quantization], wide: wide)
    return builder.build()
  }

  /// The rounded weights of the convolution that makes the tensor, perhaps through an activation.
  private func weights(behind tensor: String) -> (name: String, values: TensorData)? {
    guard var index = producers[tensor] else { return nil }
    if OperatorCatalogue.has(float.nodes[index].operation, .activation),
      let maker = producers[float.nodes[index].inputs[0]]
    {
      index = maker
    }
    guard scheme.convolutions.contains(index) else { return nil }
    let name = float.nodes[index].inputs[1]
    guard let bytes = quantized.initializers["\(name)_quantized"], let scales = quantized.initializers["\(name)_scale"],
      let integers = bytes.integers
    else { return nil }
    let axis = float.nodes[index].operation == "Conv" ? 0 : 1
    let inner = bytes.shape[(axis + 1)...].reduce(1, *)
    let factors = scales.floats
    let values = integers.indices.map { Float(integers[$0]) * factors[$0 / inner % factors.count] }
    return (name, TensorData(floats: values, shape: bytes.shape))
  }

  private static func signalToNoise(_ exact: [[Float]], _ rounded: [[Float]]) -> Double {
    var (signal, noise) = (0.0, 0.0)
    for (x, y) in zip(exact.joined(), rounded.joined()) {
      signal += Double(x) * Double(x)
      noise += Double(x - y) * Double(x - y)
    }
    return noise > 0 && signal > 0 ? 10 * log10(signal / noise) : 999
  }
}
