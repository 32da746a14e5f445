import RoadBase

extension ModelGraph {
  /// Without the Transpose that ``takingPicturesInPlanes()`` put behind the picture, where the model turns the picture
  /// back itself, perhaps behind its normalisation: whose constants are turned instead.
  func removingPictureTurn() -> ModelGraph {
    guard let index = nodes.firstIndex(where: { $0.isPictureTurn }), let picture = nodes[index].input(0),
      inputs.contains(where: { $0.name == picture })
    else { return self }
    var graph = self
    // What is the picture with its axes turned, and the value that is not turned.
    var plain = [nodes[index].outputs[0]: picture]
    let kept = Set(outputs.map(\.name))
    for (position, node) in nodes.enumerated() where position != index {
      guard let source = node.inputs.compactMap({ plain[$0] }).first, let output = node.outputs.first else { continue }
      if node.operation == "Transpose", (try? node.permutation(rank: 4)) == [0, 3, 1, 2], !kept.contains(output) {
        graph.nodes[position] = Node(name: node.name, operation: "Identity", inputs: [source], outputs: [output])
        continue
      }
      guard let same = graph.planes(node, plain), !kept.contains(output) else { return self }
      plain[output] = same.outputs[0]
      graph.nodes[position] = same
    }
    return graph.removingUnread()
  }

  /// The node on planes instead of rows of pixels; nil where it does more than arithmetic with constants.
  private mutating func planes(_ node: Node, _ plain: [String: String]) -> Node? {
    guard OperatorCatalogue.has(node.operation, .normalisation), let output = node.outputs.first else { return nil }
    var same = node
    for (index, name) in node.inputs.enumerated() where !name.isEmpty {
      if let value = plain[name] {
        same.inputs[index] = value
      } else if let constant = initializers[name], constant.shape.count <= 4 {
        let whole = constant.reshaped([Int](repeating: 1, count: 4 - constant.shape.count) + constant.shape)
        same.inputs[index] = addConstant(
          "\(name)/planes", whole.viewed(StridedView(of: whole.shape).transposed([0, 3, 1, 2])))
      } else {
        return nil
      }
    }
    same.outputs = [unusedName("\(output)/planes")]
    return same
  }
}

extension Node {
  fileprivate var isPictureTurn: Bool { operation == "Transpose" && (try? permutation(rank: 4)) == [0, 2, 3, 1] }
}
