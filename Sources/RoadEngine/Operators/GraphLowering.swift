import RoadBase
import RoadModel

/// Which rule lowers which ONNX operator: the one place that a new operator is entered.
let operatorRules: [String: any OperatorRule.Type] = {
  var rules: [String: any OperatorRule.Type] = [
    "QuantizeLinear": QuantizeRule.self,
    "DequantizeLinear": DequantizeRule.self,
    "Constant": ConstantRule.self,
    "Identity": IdentityRule.self,
    "Dropout": IdentityRule.self,
    "Cast": CastRule.self,
    "Conv": ConvolutionRule.self,
    "ConvTranspose": TransposedConvolutionRule.self,
    "MatMul": MatMulRule.self,
    "Gemm": GemmRule.self,
    "BatchNormalization": BatchNormalizationRule.self,
    "MaxPool": MaxPoolRule.self,
    "MaxUnpool": MaxUnpoolRule.self,
    "AveragePool": AveragePoolRule.self,
    "Softmax": SoftmaxRule.self,
    "LayerNormalization": NormalisationRule.self,
    "InstanceNormalization": NormalisationRule.self,
    "Relu": ReluRule.self,
    "Clip": ClipRule.self,
    "PRelu": PReluRule.self,
    "Resize": ResizeRule.self,
    "Upsample": ResizeRule.self,
    "GridSample": SamplingRule.self,
    "Concat": ConcatenationRule.self,
    "Transpose": TransposeRule.self,
    "Expand": ExpandRule.self,
    "Slice": SliceRule.self,
    "Split": SplitRule.self,
    "Gather": GatherRule.self,
    "Pad": PaddingRule.self,
    "DepthToSpace": DepthSpaceRule.self,
    "SpaceToDepth": DepthSpaceRule.self,
  ]
  for name in ["Reshape", "Flatten", "Squeeze", "Unsqueeze"] { rules[name] = ReshapeRule.self }
  for name in BinaryFunction.named.keys { rules[name] = BinaryRule.self }
  for name in OperatorCatalogue.functionNames { rules[name] = FunctionRule.self }
  for name in ["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceL2", "ReduceMax", "ReduceMin"] {
    rules[name] = ReductionRule.self
  }
  return rules
}()

extension Lowering {
  /// - Parameters:
  ///   - inputSize: replaces the size that the model's input names; needed where it names none.
  ///   - rounding: see ``EngineOptions/Rounding``.
  static func lower(
    _ graph: ModelGraph, inputSize: PictureSize?, rounding: RoundingContract
  ) throws(RoadError) -> LoweredNetwork {
    let separated = graph.resizedInput(to: inputSize).bindingPicture(to: inputSize).selectingBranches()
      .separatingThreshold()
    let (bound, roundsScores, sigmoids) = try separated.endingAtScores().refusingClassNumbers().decomposed()
      .withoutPostprocessing()
    var lowering = Lowering(graph: bound, types: bound.inferringTypes().known, rounding: rounding)
    try lowering.addInput(size: inputSize)
    for node in bound.nodes { lowering.lower(node) }
    try lowering.reportProblems(exportedSize: inputSize == nil ? nil : graph.fixedPictureSize)
    lowering.network.roundsUpsampledScores = rounding.roundsUpsampledScores && roundsScores
    try lowering.setOutput()
    lowering.network.threshold = separated.scoreThreshold
    lowering.network.droppedSigmoids = sigmoids
    lowering.network.removeUnreadLayers()
    return lowering.network
  }

  private mutating func lower(_ node: Node) {
    guard !isFolded(node) else { return }
    do throws(RoadError) {
      guard node.domain.isEmpty || node.domain == "ai.onnx", let rule = operatorRules[node.operation] else {
        let domain = node.domain.isEmpty ? "" : "\(node.domain)."
        throw RoadError(.model, "operator \(domain)\(node.operation) is not supported")
      }
      guard !readsUnknown(node) else {
        for output in node.outputs { values[output] = .unknown }
        return
      }
      try rule.lower(node, &self)
    } catch {
      let cause = error.cause.hasPrefix(node.label) ? error.cause : "\(node.label): \(error.cause)"
      problems.append(cause)
      for output in node.outputs { values[output] = .unknown }
    }
  }
}
