import RoadBase
import RoadModel

// What ONNX Runtime quantizes by itself (its `WeightBiasQuantization`, 1.20 on): float weights and biases of a Conv,
// ConvTranspose or Gemm between a DequantizeLinear with one scale and a QuantizeLinear. All others stay real numbers.
// So do those of a graph that it runs only as it is written.
extension Lowering {
  /// The weights. Floats become int8 with one scale and a zero-point where ONNX Runtime makes them so.
  func weights(of node: Node) throws(RoadError) -> ConstantTensor? {
    guard let weights = try constant(1, of: node), network.rounding.quantizesFloatConstants, weights.scale == nil,
      weights.data.elementType == .float,
      try inputScale(of: node) != nil, isQuantizedNext(node), try !isRunAsWritten
    else { return try constant(1, of: node) }
    let reals = weights.data.floats
    let (lowest, highest) = (min(reals.min() ?? 0, 0), max(reals.max() ?? 0, 0))
    let scale = (highest - lowest) / 255
    guard reals.allSatisfy(\.isFinite), scale.isFinite, scale > 0 else { return weights }
    let zero = (-128 - lowest / scale).rounded(.toNearestOrEven)
    let bytes = reals.map { Int8(min(max(($0 / scale).rounded(.toNearestOrEven) + zero, -128), 127)) }
    return ConstantTensor(
      name: weights.name, data: TensorData(int8: bytes, shape: weights.shape),
      scale: QuantizationScale(scales: [scale], zeroPoints: [Int32(zero)], axis: 0))
  }

  /// The bias. Floats are rounded to units of the accumulator where ONNX Runtime rounds them.
  ///
  /// - Parameter scales: of the weights.
  func bias(of node: Node, scales: [Float]) throws(RoadError) -> ConstantTensor? {
    guard let bias = try constant(2, of: node), network.rounding.quantizesFloatConstants, bias.scale == nil,
      bias.data.elementType == .float,
      bias.data.count == scales.count, let input = try inputScale(of: node), isQuantizedNext(node),
      try !isRunAsWritten
    else { return try constant(2, of: node) }
    let products = scales.map { input * $0 }
    let units = zip(bias.reals, products).map { ($0 / $1).rounded(.toNearestOrEven) }
    guard units.allSatisfy({ abs($0) < 0x1p31 }) else { return bias }
    return ConstantTensor(
      name: bias.name, data: TensorData(int32: units.map { Int32($0) }, shape: bias.shape),
      scale: QuantizationScale(scales: products, zeroPoints: [0], axis: 0))
  }

  /// Whether ONNX Runtime refuses the graph unless it leaves out its optimizations: its QLinearAdd and QLinearMul take
  /// scales of no axis only, and PyTorch writes scales of shape [1].
  private var isRunAsWritten: Bool {
    get throws(RoadError) {
      for node in graph.nodes where ["Add", "Mul"].contains(node.operation) && isQuantizedNext(node) {
        let sources = node.inputs.compactMap { index.producer[$0].map { graph.nodes[$0] } }
        guard sources.count == 2, sources.allSatisfy({ $0.operation == "DequantizeLinear" }) else { continue }
        for source in sources { if let scale = try constant(1, of: source), scale.shape == [1] { return true } }
      }
      return false
    }
  }

  /// Operators past which ONNX Runtime moves QuantizeLinear and DequantizeLinear (its `QDQPropagation`).
  private static let movingBytes: Set<String> = [
    "MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice",
  ]

  /// The one scale of the DequantizeLinear in front of a node; nil without one.
  private func inputScale(of node: Node) throws(RoadError) -> Float? {
    guard let producer = index.producer[node.inputs[0]] else { return nil }
    let previous = graph.nodes[producer]
    if Self.movingBytes.contains(previous.operation) { return try inputScale(of: previous) }
    guard previous.operation == "DequantizeLinear", let scale = try constant(1, of: previous)?.data, scale.count == 1
    else { return nil }
    return scale.floats.first
  }

  /// Whether a QuantizeLinear is all that reads a node, perhaps behind Relu, Clip and what moves bytes.
  private func isQuantizedNext(_ node: Node) -> Bool {
    guard node.outputs.count == 1, let reader = index.soleConsumer(of: node.outputs[0]) else { return false }
    let next = graph.nodes[reader]
    if next.operation == "QuantizeLinear" { return true }
    return (next.operation == "Relu" || next.operation == "Clip" || Self.movingBytes.contains(next.operation))
      && isQuantizedNext(next)
  }
}
