import Glibc
import RoadFloat
import RoadModel

/// Cross-layer equalisation (Nagel and others, "Data-free quantization through weight equalization and bias
/// correction", ICCV 2019, section 4.1): between two convolutions with nothing but a positively homogeneous function,
/// f(s·x) = s·f(x) for s > 0, each channel may be divided by a number in the first and multiplied by it in the second.
/// The network computes the same; its weights, and with them its activations, spread more evenly over the channels that
/// share a scale.
///
/// A channel's number is the square root of the ratio of its largest weights in both layers, so that they become equal.
/// Chains are gone over until nothing moves. A clamp (ReLU6) is not homogeneous and ends a chain, as does a tensor with
/// two readers.
public enum CrossLayerEqualisation {
  /// The graph with equalised weights; batch norms are to be folded before.
  public static func apply(to graph: ModelGraph) -> ModelGraph {
    let pairs = pairs(in: graph)
    var weights: [String: FloatTensor] = [:]
    for pair in pairs {
      for name in pair.constants { weights[name] = graph.initializers[name].map(FloatTensor.init) }
    }
    for _ in 0..<20 {
      let largestStep = pairs.reduce(Float(0)) { max($0, $1.equalise(&weights)) }
      if largestStep < 0.01 { break }
    }
    var equalised = graph
    for (name, tensor) in weights {
      equalised.initializers[name] = TensorData(floats: tensor.values, shape: tensor.shape)
    }
    return equalised
  }

  /// Whether a graph has layers to equalise.
  public static func changes(_ graph: ModelGraph) -> Bool { !pairs(in: graph).isEmpty }

  private static let homogeneous: Set = [
    "Relu", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "Identity",
  ]

  /// Consecutive convolutions, in graph order.
  private static func pairs(in graph: ModelGraph) -> [EqualisedPair] {
    var readers: [String: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs where !input.isEmpty { readers[input, default: []].append(index) }
    }
    let outputs = Set(graph.outputs.map(\.name))
    return graph.nodes.indices.compactMap { first in
      guard let second = reader(of: first, graph, readers, outputs) else { return nil }
      return EqualisedPair(graph, first, second, readers)
    }
  }

  /// The convolution that alone reads what convolution `first` makes, perhaps through homogeneous functions.
  private static func reader(
    of first: Int, _ graph: ModelGraph, _ readers: [String: [Int]], _ outputs: Set<String>
  ) -> Int? {
    guard graph.nodes[first].operation == "Conv" else { return nil }
    var node = graph.nodes[first]
    while true {
      guard node.outputs.count == 1, !outputs.contains(node.outputs[0]), let next = readers[node.outputs[0]],
        next.count == 1, graph.nodes[next[0]].inputs.first == node.outputs[0]
      else { return nil }
      node = graph.nodes[next[0]]
      if node.operation == "Conv" { return next[0] }
      guard homogeneous.contains(node.operation) else { return nil }
    }
  }
}

/// Two convolutions, the first one's outputs the second one's inputs.
private struct EqualisedPair {
  let first: String
  let bias: String?
  let second: String
  /// Output channels of the second layer that read one group of its inputs.
  private let outputsPerGroup: Int

  /// Nil unless the weights are float constants that nobody else reads.
  init?(_ graph: ModelGraph, _ first: Int, _ second: Int, _ readers: [String: [Int]]) {
    let (maker, reader) = (graph.nodes[first], graph.nodes[second])
    guard maker.inputs.count > 1, reader.inputs.count > 1 else { return nil }
    self.first = maker.inputs[1]
    self.second = reader.inputs[1]
    bias = maker.inputs.count > 2 && !maker.inputs[2].isEmpty ? maker.inputs[2] : nil
    let groups = if case .integer(let value)? = reader.attributes["group"] { value } else { 1 }
    guard let made = graph.initializers[self.first], let read = graph.initializers[self.second],
      made.shape.count >= 3, read.shape.count >= 3, groups > 0, read.shape[0] % groups == 0,
      made.shape[0] == read.shape[1] * groups
    else { return nil }
    outputsPerGroup = read.shape[0] / groups
    for name in [self.first, self.second] + (bias.map { [$0] } ?? []) {
      guard readers[name]?.count == 1, let data = graph.initializers[name], data.elementType == .float,
        data.floats.allSatisfy(\.isFinite)
      else { return nil }
    }
  }

  var constants: [String] { [first, second] + (bias.map { [$0] } ?? []) }

  /// - Returns: the largest |ln s| of a channel.
  func equalise(_ weights: inout [String: FloatTensor]) -> Float {
    guard var made = weights[first], var read = weights[second] else { return 0 }
    var offsets = bias.flatMap { weights[$0] }
    let inner = made.values.count / made.shape[0]
    var largest: Float = 0
    for channel in 0..<made.shape[0] {
      let rows = channel * inner..<(channel + 1) * inner
      let places = places(ofInput: channel, in: read.shape)
      let before = rows.reduce(Float(0)) { max($0, abs(made.values[$1])) }
      let behind = places.reduce(Float(0)) { max($0, abs(read.values[$1])) }
      // A dead channel has nothing to balance.
      guard before > 1e-6, behind > 1e-6 else { continue }
      let scale = min(max((before / behind).squareRoot(), 1e-2), 1e2)
      for index in rows { made.values[index] /= scale }
      for index in places { read.values[index] *= scale }
      offsets?.values[channel] /= scale
      largest = max(largest, abs(logf(scale)))
    }
    weights[first] = made
    weights[second] = read
    if let bias { weights[bias] = offsets }
    return largest
  }

  /// Where the second layer's weights O, I/groups, H, W belong to input `channel`.
  private func places(ofInput channel: Int, in shape: [Int]) -> [Int] {
    let taps = shape[2...].reduce(1, *)
    let group = channel / shape[1]
    return (group * outputsPerGroup..<(group + 1) * outputsPerGroup).flatMap { output in
      let start = (output * shape[1] + channel % shape[1]) * taps
      return Array(start..<start + taps)
    }
  }
}
