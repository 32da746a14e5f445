import RoadBase

/// Weights that lie quantized in another order than their convolution wants, as TensorFlow keeps them, and are moved
/// behind their DequantizeLinear.
struct QuantizedConstant {
  var data: TensorData
  var scale: String
  var zeroPoint: String?
  /// That of the scales; nil where there is one scale.
  var axis: Int?
}

extension ModelGraph {
  /// Takes note of a dequantized constant.
  @Sendable static func dequantizedConstant(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let data = node.input(0).flatMap({ writer.types.constants[$0] }), let scale = node.input(1),
      let scales = writer.types.constants[scale]
    else { return false }
    var axis: Int?
    if scales.count > 1 {
      guard let given = try? node.axis(node.integer("axis", default: 1, in: -8...8), rank: data.shape.count) else {
        return false
      }
      axis = given
    }
    writer.quantized[node.outputs[0]] = QuantizedConstant(
      data: data, scale: scale, zeroPoint: node.input(2), axis: axis)
    return false
  }

  /// Moves the integers instead of the numbers.
  @Sendable static func movedConstant(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard var constant = node.input(0).flatMap({ writer.quantized[$0] }),
      let shape = writer.types[node.outputs[0]]?.shape
    else { return false }
    let before = constant.data.shape
    if node.operation == "Transpose" {
      guard let order = try? node.permutation(rank: before.count) else { return false }
      constant.data = constant.data.viewed(StridedView(of: before).transposed(order))
      constant.axis = constant.axis.flatMap { order.firstIndex(of: $0) }
    } else {
      constant.data = constant.data.reshaped(shape)
      if let axis = constant.axis {
        // The axis of the scales must still be one.
        let outer = before[..<axis].reduce(1, *)
        guard let same = shape.indices.first(where: { shape[$0] == before[axis] && shape[..<$0].reduce(1, *) == outer })
        else { return false }
        constant.axis = same
      }
    }
    let inputs =
      [writer.constant(node, "integers", constant.data), constant.scale] + (constant.zeroPoint.map { [$0] } ?? [])
    writer.append(
      node, "DequantizeLinear", inputs, to: node.outputs[0], constant.axis.map { ["axis": .integer($0)] } ?? [:])
    writer.quantized[node.outputs[0]] = constant
    return true
  }
}
