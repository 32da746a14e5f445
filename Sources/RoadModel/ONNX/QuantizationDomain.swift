/// QuantizeLinear and DequantizeLinear know 16 bits from operator set 21 on; before it ONNX Runtime has them in a
/// domain of its own, with the same meaning
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
enum QuantizationDomain {
  static let operations: Set = ["QuantizeLinear", "DequantizeLinear"]
  static let firstOpset = 21
}

extension ModelGraph {
  /// With ONNX Runtime's domain where the standard one does not know the type.
  func namingQuantizationDomains() -> ModelGraph {
    guard opset < QuantizationDomain.firstOpset else { return self }
    var graph = self
    for (index, node) in nodes.enumerated() where QuantizationDomain.operations.contains(node.operation) {
      guard node.domain.isEmpty, node.inputs.count > 2, let zeroPoint = initializers[node.inputs[2]],
        zeroPoint.elementType == .uint16 || zeroPoint.elementType == .int16
      else { continue }
      graph.nodes[index].domain = "com.microsoft"
    }
    return graph
  }
}
