/// Which rule lowers which ONNX operator: the one place that a new operator is entered.
let operatorRules: [String: any OperatorRule.Type] = [
  "QuantizeLinear": QuantizeRule.self,
  "DequantizeLinear": DequantizeRule.self,
  "Constant": ConstantRule.self,
  "Identity": IdentityRule.self,
  "Cast": CastRule.self,
  "Conv": ConvolutionRule.self,
  "Add": AdditionRule.self,
  "Sub": SubtractionRule.self,
  "Mul": ScalingRule.self,
  "Div": DivisionRule.self,
  "Relu": ReluRule.self,
  "Clip": ClipRule.self,
  "Resize": ResizeRule.self,
]
