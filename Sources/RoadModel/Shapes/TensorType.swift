/// Element type and fixed shape of one value of a graph.
public struct TensorType: Hashable, Sendable {
  public var elementType: ElementType
  public var shape: [Int]

  public init(_ elementType: ElementType, _ shape: [Int]) {
    self.elementType = elementType
    self.shape = shape
  }

  public var count: Int { shape.reduce(1, *) }
}

/// What is known of every value of a graph without running it.
public struct GraphTypes: Sendable {
  public internal(set) var types: [String: TensorType] = [:]
  /// Initializers, and values that follow from constants and shapes alone.
  public internal(set) var constants: [String: TensorData] = [:]

  /// What computing them has cost so far, see ``ConstantEvaluation/workLimit``.
  var foldingWork = 0

  public init() {}

  public subscript(_ name: String) -> TensorType? { types[name] }
}
