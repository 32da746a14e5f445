import RoadBase
import RoadModel

/// One node with the values of its inputs: what an operator sees.
struct OperatorCall {
  let node: Node
  let opset: Int
  let arguments: [Value?]

  func failure(_ cause: String) -> RoadError {
    RoadError(.model, "node '\(node.name)' (\(node.operation)): \(cause)")
  }

  func has(_ index: Int) -> Bool { index < arguments.count && arguments[index] != nil }

  /// Input `index` as numbers.
  func floats(_ index: Int) throws(RoadError) -> FloatTensor {
    guard index < arguments.count, let value = arguments[index] else { throw failure("input \(index) is missing") }
    switch value {
    case .floats(let tensor): return tensor
    case .integers(let shape, let values): return FloatTensor(shape: shape, values: values.map { Float($0) })
    }
  }

  /// Input `index` as a picture: four dimensions.
  func picture(_ index: Int) throws(RoadError) -> FloatTensor {
    let tensor = try floats(index)
    guard tensor.shape.count == 4 else { throw failure("input \(index) has shape \(tensor.shape), not N, C, H, W") }
    return tensor
  }

  /// Input `index` as integers: shapes, axes, indices.
  func integers(_ index: Int) throws(RoadError) -> [Int] {
    guard index < arguments.count, let value = arguments[index] else { throw failure("input \(index) is missing") }
    switch value {
    case .integers(_, let values): return values
    case .floats(let tensor):
      guard tensor.values.allSatisfy({ abs($0) < 1e9 && $0 == $0.rounded() }) else {
        throw failure("input \(index) is not made of integers")
      }
      return tensor.values.map { Int($0) }
    }
  }

  /// An input's value by name, for the geometry that ``RoadModel`` works out of constants.
  func data(_ name: String) -> TensorData? {
    guard let index = node.inputs.firstIndex(of: name), let value = arguments[index] else { return nil }
    switch value {
    case .floats(let tensor): return TensorData(floats: tensor.values, shape: tensor.shape)
    case .integers(let shape, let values): return TensorData(integers: values, shape: shape)
    }
  }

  func integer(_ name: String, default fallback: Int) -> Int {
    if case .integer(let value)? = node.attributes[name] { value } else { fallback }
  }

  func float(_ name: String, default fallback: Float) -> Float {
    if case .float(let value)? = node.attributes[name] { value } else { fallback }
  }

  func string(_ name: String, default fallback: String) -> String {
    if case .string(let value)? = node.attributes[name] { value } else { fallback }
  }

  /// An integer list; nil when the attribute is absent.
  func integers(named name: String) -> [Int]? {
    if case .integers(let values)? = node.attributes[name] { values } else { nil }
  }

  /// An axis counted from the front, checked.
  func axis(_ axis: Int, rank: Int) throws(RoadError) -> Int {
    let index = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(index) else { throw failure("axis \(axis) of a tensor with \(rank) dimensions") }
    return index
  }
}

/// An operator: a call to its outputs.
typealias FloatOperator = @Sendable (OperatorCall) throws(RoadError) -> [Value]

/// Every operator that ``FloatExecutor`` runs, by ONNX name.
enum FloatOperators {
  static let table: [String: FloatOperator] = [
    "Conv": ConvolutionOperator.compute,
    "ConvTranspose": TransposedConvolutionOperator.compute,
    "MaxPool": PoolingOperators.maximum,
    "AveragePool": PoolingOperators.average,
    "GlobalAveragePool": PoolingOperators.globalAverage,
    "GlobalMaxPool": PoolingOperators.globalMaximum,
    "Resize": ResizeOperator.compute,
    "Add": ElementwiseOperators.binary {
      $0 + $1
    } integers: {
      $0 &+ $1
    },
    "Sub": ElementwiseOperators.binary {
      $0 - $1
    } integers: {
      $0 &- $1
    },
    "Mul": ElementwiseOperators.binary {
      $0 * $1
    } integers: {
      $0 &* $1
    },
    "Div": ElementwiseOperators.binary {
      $0 / $1
    } integers: {
      $1 == 0 ? 0 : $0 / $1
    },
    "Relu": ElementwiseOperators.relu,
    "PRelu": ElementwiseOperators.binary {
      $0 < 0 ? $0 * $1 : $0
    } integers: {
      $0 < 0 ? $0 &* $1 : $0
    },
    "Min": ElementwiseOperators.variadic { min($0, $1) },
    "Max": ElementwiseOperators.variadic { max($0, $1) },
    "Sum": ElementwiseOperators.variadic { $0 + $1 },
    "Mean": ElementwiseOperators.mean,
    "Equal": ElementwiseOperators.equal,
    "Where": ElementwiseOperators.selection,
    "Elu": ElementwiseOperators.elu,
    "Selu": ElementwiseOperators.selu,
    "Celu": ElementwiseOperators.celu,
    "ThresholdedRelu": ElementwiseOperators.thresholdedRelu,
    "Pow": ElementwiseOperators.power,
    "Gelu": ElementwiseOperators.gelu,
    "Mish": ElementwiseOperators.unary { $0 * hyperbolicTangent(softplus($0)) },
    "Softsign": ElementwiseOperators.unary { $0 / (1 + abs($0)) },
    "Round": ElementwiseOperators.unary { $0.rounded(.toNearestOrEven) },
    "Sign": ElementwiseOperators.unary { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
    "Sin": ElementwiseOperators.unary { sine($0) },
    "Cos": ElementwiseOperators.unary { cosine($0) },
    "Erf": ElementwiseOperators.unary { errorFunction($0) },
    "Log": ElementwiseOperators.unary { naturalLogarithm($0) },
    "Floor": ElementwiseOperators.unary { $0.rounded(.down) },
    "Ceil": ElementwiseOperators.unary { $0.rounded(.up) },
    "Reciprocal": ElementwiseOperators.unary { 1 / $0 },
    "Softplus": ElementwiseOperators.unary { softplus($0) },
    "LeakyRelu": ElementwiseOperators.leakyRelu,
    "HardSigmoid": ElementwiseOperators.hardSigmoid,
    "HardSwish": ElementwiseOperators.unary { $0 * min(max($0 / 6 + 0.5, 0), 1) },
    "Tanh": ElementwiseOperators.unary { hyperbolicTangent($0) },
    "Exp": ElementwiseOperators.unary { exponential($0) },
    "Sqrt": ElementwiseOperators.unary { $0.squareRoot() },
    "Abs": ElementwiseOperators.unary { abs($0) },
    "Neg": ElementwiseOperators.unary { -$0 },
    "Sigmoid": ElementwiseOperators.unary { 1 / (1 + exponential(-$0)) },
    "Softmax": MatrixOperators.softmax,
    "LogSoftmax": MatrixOperators.logSoftmax,
    "ArgMax": ReductionOperators.argMax,
    "InstanceNormalization": NormalizationOperators.instance,
    "LayerNormalization": NormalizationOperators.layer,
    "Tile": RearrangementOperators.tile,
    "MatMul": MatrixOperators.product,
    "Gemm": MatrixOperators.general,
    "ReduceMean": ReductionOperators.mean,
    "ReduceSum": ReductionOperators.sum,
    "ReduceMax": ReductionOperators.maximum,
    "ReduceMin": ReductionOperators.minimum,
    "ReduceL1": ReductionOperators.absoluteSum,
    "ReduceL2": ReductionOperators.euclidean,
    "ReduceSumSquare": ReductionOperators.squareSum,
    "MaxUnpool": UnpoolingOperators.unpool,
    "GridSample": GridSampleOperator.compute,
    "Transpose": RearrangementOperators.transpose,
    "Expand": RearrangementOperators.expand,
    "Split": RearrangementOperators.split,
    "Pad": RearrangementOperators.pad,
    "DepthToSpace": RearrangementOperators.depthToSpace,
    "SpaceToDepth": RearrangementOperators.spaceToDepth,
    "Clip": ElementwiseOperators.clip,
    "BatchNormalization": ElementwiseOperators.batchNormalization,
    "QuantizeLinear": QuantizationOperators.quantize,
    "DequantizeLinear": QuantizationOperators.dequantize,
    "Identity": ShapeOperators.identity,
    "Dropout": ShapeOperators.identity,
    "Constant": ShapeOperators.constant,
    "Shape": ShapeOperators.shape,
    "Gather": ShapeOperators.gather,
    "Slice": ShapeOperators.slice,
    "Concat": ShapeOperators.concatenate,
    "Reshape": ShapeOperators.reshape,
    "Flatten": ShapeOperators.flatten,
    "Unsqueeze": ShapeOperators.unsqueeze,
    "Squeeze": ShapeOperators.squeeze,
    "Cast": ShapeOperators.cast,
  ]
}
