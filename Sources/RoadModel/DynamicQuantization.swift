import RoadBase

extension ModelGraph {
  private static let dynamicOperations: Set = [
    "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
    "DynamicQuantizeLSTM",
  ]

  /// - Parameter model: what to call the model.
  /// - Throws: for a model whose scales are found anew in every picture: roadseg's integers have fixed ones.
  public func refuseDynamicQuantization(model: String) throws(RoadError) {
    let dynamic = nodes.filter { Self.dynamicOperations.contains($0.operation) }
    guard !dynamic.isEmpty else { return }
    let list = dynamic.map { "'\($0.name)' (\($0.operation))" }.joined(separator: ", ")
    throw RoadError(
      .model,
      "\(model): is quantized dynamically: \(dynamic.count) nodes find their scales anew in every picture: \(list)",
      remedy: "quantize the float model that it was made from, with roadseg quantize or another static quantizer")
  }
}
