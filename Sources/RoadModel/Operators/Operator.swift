import RoadBase

/// What roadseg knows of one ONNX operator: the one place that shape inference, constant folding, the float executor,
/// the quantizer and the engine's tables ask. A new operator is a line of ``OperatorCatalogue``; see CONTRIBUTING.md.
public struct Operator: Sendable {
  /// ONNX's name of it.
  public let name: String
  public let traits: OperatorTraits
  /// The range of its results, where that follows from the function alone.
  public let range: Quantization?
  let shape: ShapeRule
  /// What it computes; nil for operators that some pass has always replaced before a graph is run.
  package let evaluation: Evaluation?
  /// Its function, where each of its results comes from one number and the node's attributes.
  private let scalar: ScalarRule?
  /// Its function, where each of its results comes from two numbers.
  public let binary: (@Sendable (Float, Float) -> Float)?
  /// Says it with simpler operators, see ``ModelGraph/decomposed()``.
  let decomposition: Decomposition?

  /// An operator on whole tensors.
  init(
    _ name: String, _ shape: @escaping ShapeRule, _ evaluation: Evaluation?, _ traits: OperatorTraits = [],
    range: Quantization? = nil, decomposition: Decomposition? = nil
  ) {
    self.init(name, shape, evaluation, nil, nil, traits, range, decomposition)
  }

  private init(
    _ name: String, _ shape: @escaping ShapeRule, _ evaluation: Evaluation?, _ scalar: ScalarRule?,
    _ binary: (@Sendable (Float, Float) -> Float)?, _ traits: OperatorTraits, _ range: Quantization?,
    _ decomposition: Decomposition?
  ) {
    self.name = name
    self.shape = shape
    self.evaluation = evaluation
    self.scalar = scalar
    self.binary = binary
    self.traits = traits
    self.range = range
    self.decomposition = decomposition
  }

  /// A function of one number.
  static func function(_ name: String, range: Quantization? = nil, _ rule: @escaping ScalarRule) -> Operator {
    Operator(
      name, ElementwiseShapes.same, ElementwiseOperators.function(rule), rule, nil, .function, range, nil)
  }

  /// A function of one number, without attributes.
  static func function(
    _ name: String, range: Quantization? = nil, plain: @escaping @Sendable (Double) -> Double
  ) -> Operator {
    function(name, range: range, ScalarFunctions.plain(plain))
  }

  /// A function of two numbers, with broadcasting; of shape arithmetic's integers, too, where it is given for them.
  static func binary(
    _ name: String, _ traits: OperatorTraits = [], shape: @escaping ShapeRule = ElementwiseShapes.binary,
    decomposition: Decomposition? = nil, _ function: @escaping @Sendable (Float, Float) -> Float,
    integers: (@Sendable (Int, Int) -> Int)? = nil
  ) -> Operator {
    Operator(
      name, shape, ElementwiseOperators.binary(function, integers: integers), nil, function, traits, nil, decomposition)
  }

  /// A function of two numbers that more than two inputs, or one, go through one after the other.
  static func chain(
    _ name: String, _ function: @escaping @Sendable (Float, Float) -> Float,
    integers: @escaping @Sendable (Int, Int) -> Int
  ) -> Operator {
    binary(name, shape: ElementwiseShapes.variadic, decomposition: ModelGraph.chain, function, integers: integers)
  }

  public var isFunction: Bool { scalar != nil }

  /// The function of one number that a node of this operator is; nil where the operator is none.
  ///
  /// - Throws: when an attribute is out of range.
  public func function(of node: Node) throws(RoadError) -> ScalarFunction? { try scalar?(node) }
}

/// What the quantizer and the passes need to know of an operator.
public struct OperatorTraits: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A function of the numbers of one tensor, one by one, with constants for each channel at most: what is between two
  /// such is never rounded.
  public static let function = OperatorTraits(rawValue: 1 << 0)
  /// A function of one tensor where all inputs but one are single constants.
  public static let arithmetic = OperatorTraits(rawValue: 1 << 1)
  /// Its results are among the numbers that it reads, or between two of them: they keep the scale.
  public static let keepsScale = OperatorTraits(rawValue: 1 << 2)
  /// Only moves numbers.
  public static let moves = OperatorTraits(rawValue: 1 << 3)
  /// A ReLU or clip behind it costs nothing.
  public static let takesActivation = OperatorTraits(rawValue: 1 << 4)
  /// Such a ReLU or clip.
  public static let activation = OperatorTraits(rawValue: 1 << 5)
  /// Has weights with a scale for each output channel.
  public static let weighted = OperatorTraits(rawValue: 1 << 6)
  /// May stand in the normalisation of the picture, in front of the first QuantizeLinear.
  public static let normalisation = OperatorTraits(rawValue: 1 << 7)
}

extension Quantization {
  /// Of results in 0...1; one itself becomes the nearest byte.
  static let shares = Quantization(scale: 1 / 256, zeroPoint: 0)
  /// Of results in −1...1.
  static let signedShares = Quantization(scale: 1 / 128, zeroPoint: 128)
}
