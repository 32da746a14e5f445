/// Every operator that roadseg knows, by its ONNX name.
///
/// Shape inference, constant folding, decomposition, the float executor, the quantizer and the engine's tables read
/// this catalogue and keep no list of operators of their own. What it does not hold is how the engine makes layers of
/// an operator: that is a rule in `RoadEngine/Operators/GraphLowering.swift`, and functions of one number or two need
/// none of their own.
public enum OperatorCatalogue {
  public static let operators: [String: Operator] = Dictionary(
    uniqueKeysWithValues: [functions, clamps, pairs, tests, windows, norms, products, reductions, moves, shapes]
      .joined().map { ($0.name, $0) })

  public static subscript(_ name: String) -> Operator? { operators[name] }

  /// Whether an operator has a trait; false for one that is not known.
  public static func has(_ name: String, _ trait: OperatorTraits) -> Bool {
    operators[name]?.traits.contains(trait) ?? false
  }

  /// The names of all with a trait.
  public static func named(_ trait: OperatorTraits) -> [String] {
    operators.values.filter { $0.traits.contains(trait) }.map(\.name).sorted()
  }

  /// The names of all functions of one number.
  public static var functionNames: [String] { operators.values.filter(\.isFunction).map(\.name).sorted() }
}

// Functions.
extension OperatorCatalogue {
  private static let functions: [Operator] = [
    .function("Abs", plain: { abs($0) }),
    .function("Acos", plain: Elementary.arcCosine),
    .function("Acosh", plain: Elementary.areaCosine),
    .function("Asin", plain: Elementary.arcSine),
    .function("Asinh", plain: Elementary.areaSine),
    .function("Atan", plain: Elementary.arcTangent),
    .function("Atanh", plain: Elementary.areaTangent),
    .function("Ceil", plain: { $0.rounded(.up) }),
    .function("Celu", ScalarFunctions.celu),
    .function("Cos", plain: Elementary.cosine),
    .function("Cosh", plain: Elementary.hyperbolicCosine),
    .function("Elu", ScalarFunctions.elu),
    .function("Erf", plain: Elementary.errorFunction),
    .function("Exp", plain: Elementary.exponential),
    .function("Floor", plain: { $0.rounded(.down) }),
    .function("Gelu", ScalarFunctions.gelu),
    .function("HardSigmoid", range: .shares, ScalarFunctions.hardSigmoid),
    .function("HardSwish", plain: { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
    .function("LeakyRelu", ScalarFunctions.leakyRelu),
    .function("Log", plain: Elementary.logarithm),
    .function("Mish", plain: { $0 * Elementary.hyperbolicTangent(Elementary.softplus($0)) }),
    .function("Neg", plain: { -$0 }),
    .function("Reciprocal", plain: { 1 / $0 }),
    .function("Round", plain: { $0.rounded(.toNearestOrEven) }),
    .function("Selu", ScalarFunctions.selu),
    .function("Shrink", ScalarFunctions.shrink),
    .function("Sigmoid", range: .shares, plain: Elementary.sigmoid),
    .function("Sign", plain: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }),
    .function("Sin", plain: Elementary.sine),
    .function("Sinh", plain: Elementary.hyperbolicSine),
    .function("Softplus", plain: Elementary.softplus),
    .function("Softsign", plain: { $0 / (1 + abs($0)) }),
    .function("Sqrt", plain: { $0.squareRoot() }),
    .function("Swish", ScalarFunctions.swish),
    .function("Tan", plain: Elementary.tangent),
    .function("Tanh", range: .signedShares, plain: Elementary.hyperbolicTangent),
    .function("ThresholdedRelu", ScalarFunctions.thresholdedRelu),
  ]

  /// Functions that layers take into their own clamp or slopes.
  private static let clamps: [Operator] = [
    Operator("Relu", ElementwiseShapes.same, ElementwiseOperators.relu, [.function, .activation]),
    Operator("Clip", ElementwiseShapes.same, ElementwiseOperators.clip, [.function, .activation]),
    Operator(
      "PRelu", ElementwiseShapes.binary, ElementwiseOperators.binary { $0 < 0 ? $0 * $1 : $0 }, .function,
      decomposition: ModelGraph.slopes),
    Operator(
      "BatchNormalization", ElementwiseShapes.batchNormalization, ElementwiseOperators.batchNormalization,
      [.function, .takesActivation]),
  ]

  private static let pairs: [Operator] = [
    .binary("Add", [.arithmetic, .normalisation, .takesActivation], { $0 + $1 }, integers: { $0 &+ $1 }),
    .binary("Sub", [.arithmetic, .normalisation, .takesActivation], { $0 - $1 }, integers: { $0 &- $1 }),
    .binary("Mul", [.arithmetic, .normalisation, .takesActivation], { $0 * $1 }, integers: { $0 &* $1 }),
    .binary("Div", [.arithmetic, .normalisation], { $0 / $1 }, integers: { $1 == 0 ? 0 : $0 / $1 }),
    .binary("Pow", decomposition: ModelGraph.power) { Float(Elementary.power(Double($0), Double($1))) },
    .chain("Min", { min($0, $1) }, integers: { min($0, $1) }),
    .chain("Max", { max($0, $1) }, integers: { max($0, $1) }),
    .chain("Sum", { $0 + $1 }, integers: { $0 &+ $1 }),
    Operator("Mean", ElementwiseShapes.variadic, ElementwiseOperators.mean, decomposition: ModelGraph.mean),
  ]

  /// Truth and choice.
  private static let tests: [Operator] = [
    Operator(
      "Equal", ElementwiseShapes.comparison,
      ElementwiseOperators.comparison(floats: { $0 == $1 }, integers: { $0 == $1 })),
    Operator(
      "Greater", ElementwiseShapes.comparison,
      ElementwiseOperators.comparison(floats: { $0 > $1 }, integers: { $0 > $1 }),
      decomposition: ModelGraph.comparison),
    Operator(
      "GreaterOrEqual", ElementwiseShapes.comparison,
      ElementwiseOperators.comparison(floats: { $0 >= $1 }, integers: { $0 >= $1 }),
      decomposition: ModelGraph.comparison),
    Operator(
      "Less", ElementwiseShapes.comparison, ElementwiseOperators.comparison(floats: { $0 < $1 }, integers: { $0 < $1 }),
      decomposition: ModelGraph.comparison),
    Operator(
      "LessOrEqual", ElementwiseShapes.comparison,
      ElementwiseOperators.comparison(floats: { $0 <= $1 }, integers: { $0 <= $1 }),
      decomposition: ModelGraph.comparison),
    Operator(
      "And", ElementwiseShapes.comparison, ElementwiseOperators.logic { $0 && $1 }, decomposition: ModelGraph.logic),
    Operator(
      "Or", ElementwiseShapes.comparison, ElementwiseOperators.logic { $0 || $1 }, decomposition: ModelGraph.logic),
    Operator(
      "Xor", ElementwiseShapes.comparison, ElementwiseOperators.logic { $0 != $1 }, decomposition: ModelGraph.logic),
    Operator("Not", ElementwiseShapes.same, ElementwiseOperators.negation, decomposition: ModelGraph.logic),
    Operator("Where", ElementwiseShapes.selection, ElementwiseOperators.selection, decomposition: ModelGraph.choice),
    Operator("Mod", ElementwiseShapes.binary, ElementwiseOperators.remainder),
  ]
}

// Layers.
extension OperatorCatalogue {
  private static let windows: [Operator] = [
    Operator(
      "Conv", WindowShapes.convolution, ConvolutionOperator.compute, [.weighted, .takesActivation],
      decomposition: ModelGraph.lines),
    Operator(
      "ConvTranspose", WindowShapes.transposedConvolution, TransposedConvolutionOperator.compute,
      [.weighted, .takesActivation], decomposition: ModelGraph.lines),
    Operator(
      "MaxPool", WindowShapes.pool, PoolingOperators.maximum, .keepsScale, decomposition: ModelGraph.lines),
    Operator(
      "AveragePool", WindowShapes.pool, PoolingOperators.average, .takesActivation, decomposition: ModelGraph.lines),
    Operator(
      "GlobalAveragePool", WindowShapes.globalPool, PoolingOperators.globalAverage, .takesActivation,
      decomposition: ModelGraph.lines),
    Operator(
      "GlobalMaxPool", WindowShapes.globalPool, PoolingOperators.globalMaximum, .keepsScale,
      decomposition: ModelGraph.lines),
    Operator("MaxUnpool", WindowShapes.unpool, UnpoolingOperators.unpool, .keepsScale),
    Operator("Resize", WindowShapes.resize, ResizeOperator.compute, .keepsScale),
    Operator("GridSample", WindowShapes.gridSample, GridSampleOperator.compute, .keepsScale),
  ]

  private static let norms: [Operator] = [
    Operator("Softmax", ElementwiseShapes.same, MatrixOperators.softmax),
    Operator("LogSoftmax", ElementwiseShapes.same, MatrixOperators.logSoftmax),
    Operator("LayerNormalization", ElementwiseShapes.layerNormalization, NormalizationOperators.layer),
    Operator("InstanceNormalization", ElementwiseShapes.instanceNormalization, NormalizationOperators.instance),
    Operator("GroupNormalization", ElementwiseShapes.same, nil, decomposition: ModelGraph.groups),
    Operator("RMSNormalization", ElementwiseShapes.same, nil, decomposition: ModelGraph.rootMeanSquare),
    Operator("LpNormalization", ElementwiseShapes.same, nil, decomposition: ModelGraph.unitLength),
    Operator("QuantizeLinear", ElementwiseShapes.quantize, QuantizationOperators.quantize),
    Operator(
      "DequantizeLinear", ElementwiseShapes.dequantize, QuantizationOperators.dequantize,
      decomposition: ModelGraph.dequantizedConstant),
  ]

  private static let products: [Operator] = [
    Operator(
      "MatMul", ReductionShapes.matMul, MatrixOperators.product, .takesActivation, decomposition: ModelGraph.vectors),
    Operator(
      "Gemm", ReductionShapes.gemm, MatrixOperators.general, .takesActivation, decomposition: ModelGraph.plainGemm),
    Operator("Attention", ReductionShapes.attention, nil, decomposition: ModelGraph.attention),
    Operator("Einsum", ReductionShapes.einsum, nil, decomposition: ModelGraph.product),
  ]

  private static let reductions: [Operator] = [
    Operator("ReduceMean", ReductionShapes.reduce, ReductionOperators.mean, .takesActivation),
    Operator(
      "ReduceSum", ReductionShapes.reduce, ReductionOperators.sum, .takesActivation,
      decomposition: ModelGraph.sumOfStack),
    Operator("ReduceMax", ReductionShapes.reduce, ReductionOperators.maximum, .keepsScale),
    Operator("ReduceMin", ReductionShapes.reduce, ReductionOperators.minimum, .keepsScale),
    Operator("ReduceProd", ReductionShapes.reduce, ReductionOperators.product),
    Operator(
      "ReduceL1", ReductionShapes.reduce, ReductionOperators.absoluteSum, decomposition: ModelGraph.absoluteSum),
    Operator("ReduceL2", ReductionShapes.reduce, ReductionOperators.euclidean),
    Operator(
      "ReduceSumSquare", ReductionShapes.reduce, ReductionOperators.squareSum, decomposition: ModelGraph.squareSum),
    Operator("ReduceLogSum", ReductionShapes.reduce, nil, decomposition: ModelGraph.logarithmOfSum),
    Operator("ReduceLogSumExp", ReductionShapes.reduce, nil, decomposition: ModelGraph.logarithmOfExponentials),
    Operator("ArgMax", ReductionShapes.argMax, ReductionOperators.argMax),
  ]
}

// Moves.
extension OperatorCatalogue {
  private static let moves: [Operator] = [
    Operator("Identity", ElementwiseShapes.same, ShapeOperators.identity, [.keepsScale, .moves, .normalisation]),
    Operator("Dropout", ElementwiseShapes.same, ShapeOperators.identity, .moves),
    Operator("Cast", ElementwiseShapes.cast, ShapeOperators.cast, .normalisation),
    Operator(
      "Reshape", LayoutShapes.reshape, ShapeOperators.reshape, [.keepsScale, .moves],
      decomposition: ModelGraph.movedConstant),
    Operator(
      "Flatten", LayoutShapes.flatten, ShapeOperators.flatten, [.keepsScale, .moves],
      decomposition: ModelGraph.movedConstant),
    Operator(
      "Squeeze", LayoutShapes.squeeze, ShapeOperators.squeeze, [.keepsScale, .moves],
      decomposition: ModelGraph.movedConstant),
    Operator(
      "Unsqueeze", LayoutShapes.unsqueeze, ShapeOperators.unsqueeze, [.keepsScale, .moves],
      decomposition: ModelGraph.movedConstant),
    Operator(
      "Transpose", LayoutShapes.transpose, RearrangementOperators.transpose, [.keepsScale, .moves],
      decomposition: ModelGraph.movedConstant),
    Operator("Slice", LayoutShapes.slice, ShapeOperators.slice, [.keepsScale, .moves]),
    Operator("Split", LayoutShapes.split, RearrangementOperators.split, [.keepsScale, .moves]),
    Operator("Expand", LayoutShapes.expand, RearrangementOperators.expand, [.keepsScale, .moves]),
    Operator(
      "Tile", LayoutShapes.tile, RearrangementOperators.tile, [.keepsScale, .moves], decomposition: ModelGraph.tile),
    Operator(
      "Gather", LayoutShapes.gather, ShapeOperators.gather, [.keepsScale, .moves], decomposition: ModelGraph.gather),
    Operator("GatherElements", IndexShapes.gatherElements, IndexOperators.gatherElements),
    Operator("GatherND", IndexShapes.gatherND, IndexOperators.gatherND, decomposition: ModelGraph.gatherND),
    Operator("ScatterElements", ElementwiseShapes.same, IndexOperators.scatterElements),
    Operator("ScatterND", ElementwiseShapes.same, IndexOperators.scatterND),
    Operator("Trilu", ElementwiseShapes.same, IndexOperators.triangle),
    Operator(
      "Col2Im", IndexShapes.columnsToImage, IndexOperators.columnsToImage, decomposition: ModelGraph.tiledImage),
    Operator("Pad", LayoutShapes.pad, RearrangementOperators.pad, .keepsScale),
    Operator("DepthToSpace", WindowShapes.depthToSpace, RearrangementOperators.depthToSpace, [.keepsScale, .moves]),
    Operator("SpaceToDepth", WindowShapes.spaceToDepth, RearrangementOperators.spaceToDepth, [.keepsScale, .moves]),
    Operator(
      "Concat", LayoutShapes.concat, ShapeOperators.concatenate, .takesActivation,
      decomposition: ModelGraph.nonEmptyParts),
  ]

  /// What gives shapes and constants.
  private static let shapes: [Operator] = [
    Operator("Constant", LayoutShapes.constant, ShapeOperators.constant),
    Operator("ConstantOfShape", LayoutShapes.constantOfShape, ShapeOperators.constantOfShape),
    Operator("Shape", LayoutShapes.shape, ShapeOperators.shape),
    Operator("Size", LayoutShapes.size, ShapeOperators.size),
    Operator("Range", LayoutShapes.range, ShapeOperators.range),
  ]
}
