/// What a Gather, Slice or Split does that takes one place along one axis of a value.
struct SinglePick {
  var axis: Int
  var index: Int

  /// Nil where the node takes more, or from somewhere that is not constant.
  ///
  /// - Parameters:
  ///   - output: which of the node's outputs.
  ///   - shape: of what it reads.
  init?(_ node: Node, output: String, of shape: [Int], _ constants: [String: TensorData]) {
    let places: (axis: Int, first: Int)?
    switch node.operation {
    case "Gather": places = Self.gathered(node, shape, constants)
    case "Slice": places = Self.cut(node, shape, constants)
    case "Split": places = Self.part(node, output, shape, constants)
    default: return nil
    }
    guard let places, (0..<shape[places.axis]).contains(places.first) else { return nil }
    (axis, index) = places
  }

  private static func gathered(_ node: Node, _ shape: [Int], _ constants: [String: TensorData]) -> (Int, Int)? {
    guard !shape.isEmpty, let value = try? node.integer("axis", default: 0, in: -shape.count...shape.count - 1),
      let places = node.input(1).flatMap({ constants[$0]?.integers }), places.count == 1
    else { return nil }
    let axis = value < 0 ? value + shape.count : value
    return (axis, places[0] < 0 ? places[0] + shape[axis] : places[0])
  }

  private static func cut(_ node: Node, _ shape: [Int], _ constants: [String: TensorData]) -> (Int, Int)? {
    guard let geometry = try? SliceGeometry(node: node, input: shape, constant: { constants[$0] }) else { return nil }
    let cuts = geometry.cuts.filter { $0.count != shape[$0.axis] || $0.step < 0 }
    guard cuts.count == 1, cuts[0].count == 1 else { return nil }
    return (cuts[0].axis, cuts[0].start)
  }

  private static func part(
    _ node: Node, _ output: String, _ shape: [Int], _ constants: [String: TensorData]
  ) -> (Int, Int)? {
    guard !shape.isEmpty, let value = try? node.integer("axis", default: 0, in: -shape.count...shape.count - 1),
      let place = node.outputs.firstIndex(of: output)
    else { return nil }
    let axis = value < 0 ? value + shape.count : value
    var sizes = node.input(1).flatMap { constants[$0]?.integers }
    if sizes == nil, case .integers(let own)? = node.attributes["split"] { sizes = own }
    let all = sizes ?? [Int](repeating: 1, count: node.outputs.count)
    guard all.count == node.outputs.count, all.allSatisfy({ $0 >= 0 }), all.reduce(0, +) == shape[axis], all[place] == 1
    else { return nil }
    return (axis, all[..<place].reduce(0, +))
  }
}
