import RoadBase

/// What a shape rule sees of the graph: one node and what is known of its inputs.
struct ShapeContext {
  let node: Node
  let opset: Int
  let known: GraphTypes

  func input(_ index: Int) throws(RoadError) -> TensorType {
    guard let name = node.input(index) else { throw node.failure("input \(index) is missing") }
    guard let type = known.types[name] else { throw node.failure("the shape of its input '\(name)' is unknown") }
    return type
  }

  func constant(_ name: String) -> TensorData? { known.constants[name] }

  /// A constant integer input, nil where it is omitted.
  func integers(_ index: Int) throws(RoadError) -> [Int]? {
    guard let name = node.input(index) else { return nil }
    guard let values = known.constants[name]?.integers else {
      throw node.failure("its input '\(name)' is not constant, so its output has no fixed shape")
    }
    return values
  }

  /// Axes from input `index` (newer operator sets) or from the attribute `axes` (older ones); nil where neither is
  /// there.
  func axes(input index: Int, rank: Int) throws(RoadError) -> [Int]? {
    var axes = try integers(index)
    if axes == nil, node.attributes["axes"] != nil { axes = try node.integers("axes", default: [], in: -64...64) }
    guard let axes else { return nil }
    var result: [Int] = []
    for axis in axes { result.append(try node.axis(axis, rank: rank)) }
    guard Set(result).count == result.count else { throw node.failure("axes \(axes) name one twice") }
    return result
  }
}

/// Gives the types of a node's outputs, or says why the node cannot be used.
typealias ShapeRule = @Sendable (ShapeContext) throws(RoadError) -> [TensorType]
