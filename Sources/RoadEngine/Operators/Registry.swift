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
  for name in PairFunction.named.keys { rules[name] = PairRule.self }
  for name in OperatorCatalogue.functionNames { rules[name] = FunctionRule.self }
  for name in ["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceL2", "ReduceMax", "ReduceMin"] {
    rules[name] = ReductionRule.self
  }
  return rules
}()
