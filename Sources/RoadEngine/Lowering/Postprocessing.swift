import RoadModel

extension ModelGraph {
  /// Only what the first output needs, and without what the runtime does itself behind the scores: the last bilinear
  /// resize to the picture (it upsamples exactly, and only where classes meet), ArgMax over the classes, and the
  /// Softmax, LogSoftmax or Sigmoid before it, none of which changes which class wins.
  ///
  /// - Returns: the graph, whether the model rounds the resized scores to the bytes of the scores themselves, and how
  ///   many sigmoids were left out.
  func withoutPostprocessing() -> (graph: ModelGraph, roundsScores: Bool, sigmoids: Int) {
    var graph = self
    graph.outputs = Array(outputs.prefix(1))
    let types = inferringTypes().known
    let picture = inputs.first { initializers[$0.name] == nil }?.shape.suffix(2)
    var (resizes, roundsScores, sigmoids) = (0, false, 0)
    while let output = graph.outputs.first, let last = graph.lastNode(before: output.name) {
      let isResize =
        last.node.isPlainUpsampling
        && types[last.result].map { $0.shape.suffix(2).map { $0 } } == picture?.compactMap { $0 }
      guard isResize && resizes == 0 || graph.isAfterScores(last.node), let scores = last.node.input(0) else { break }
      resizes += isResize ? 1 : 0
      sigmoids += last.node.operation == "Sigmoid" ? 1 : 0
      if isResize, let quantize = last.quantize {
        roundsScores = graph.keepsQuantization(quantize, of: scores, types.constants)
      }
      graph.drop(last, scores: scores)
    }
    return (graph.removingUnread(), roundsScores, sigmoids)
  }

  /// Whether a QuantizeLinear gives bytes the meaning that those which became `scores` had.
  private func keepsQuantization(_ quantize: Int, of scores: String, _ constants: [String: TensorData]) -> Bool {
    guard let source = nodes.last(where: { $0.outputs.contains(scores) && $0.operation == "DequantizeLinear" }) else {
      return false
    }
    func parameters(_ node: Node) -> [TensorData?] {
      [1, 2].map { index in node.input(index).flatMap { constants[$0] ?? initializers[$0] } }
    }
    return parameters(source)[0] != nil && parameters(source) == parameters(nodes[quantize])
  }

  /// The node that makes a value, through a QuantizeLinear and DequantizeLinear behind it.
  private func lastNode(before name: String) -> (node: Node, quantize: Int?, result: String)? {
    guard let index = nodes.lastIndex(where: { $0.outputs.contains(name) }) else { return nil }
    let node = nodes[index]
    guard node.operation == "DequantizeLinear", let bytes = node.input(0),
      let quantize = nodes.lastIndex(where: { $0.outputs.contains(bytes) && $0.operation == "QuantizeLinear" }),
      let real = nodes[quantize].input(0), let producer = nodes.last(where: { $0.outputs.contains(real) })
    else { return (node, nil, name) }
    return (producer, quantize, real)
  }

  private func isAfterScores(_ node: Node) -> Bool {
    guard node.outputs.count == 1 else { return false }
    let axis = if case .integer(let value)? = node.attributes["axis"] { value } else { Int?.none }
    switch node.operation {
    case "Identity", "Cast", "Sigmoid": return true
    case "ArgMax": return axis == 1 || axis == -3
    case "Softmax", "LogSoftmax": return axis == 1 || axis == -3 || opset < 13 && axis == nil
    default: return false
    }
  }

  /// What the node made is now what it read. A quantization behind it serves what it read: it keeps the numbers' range.
  private mutating func drop(_ last: (node: Node, quantize: Int?, result: String), scores: String) {
    guard let quantize = last.quantize, last.node.operation == "Resize",
      nodes.last(where: { $0.outputs.contains(scores) })?.operation != "DequantizeLinear"
    else {
      outputs[0].name = scores
      return
    }
    nodes[quantize].inputs[0] = scores
  }
}

extension Node {
  /// A bilinear resize with the pixel centres that the runtime's own upsampling has.
  fileprivate var isPlainUpsampling: Bool {
    guard operation == "Resize", attributes["mode"] == .string("linear"), attributes["axes"] == nil else {
      return false
    }
    switch attributes["coordinate_transformation_mode"] {
    case nil: return inputs.count > 2
    case .string("half_pixel")?, .string("pytorch_half_pixel")?: return true
    default: return false
    }
  }
}
