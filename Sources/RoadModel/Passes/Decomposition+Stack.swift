import RoadBase

extension ModelGraph {
  /// `sum(stack(parts))`, as PyTorch users add a list of features: one Add after the other, where a Concat along a new
  /// axis would be moved about in memory.
  @Sendable static func sumOfStack(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard (try? node.integer("keepdims", default: 1, in: 0...1)) == 0,
      let axes = writer.axes(of: node), axes.count == 1,
      let shape = writer.types[node.inputs[0]]?.shape,
      let join = writer.nodes.last(where: { $0.outputs.first == node.inputs[0] }), join.operation == "Concat",
      let axis = try? join.axis(join.integer("axis", default: 0, in: -64...64), rank: shape.count),
      (try? node.axis(axes[0], rank: shape.count)) == axis, (2...64).contains(join.inputs.count)
    else { return false }
    var parts: [String] = []
    for (index, name) in join.inputs.enumerated() {
      guard let part = writer.types[name]?.shape, part.count == shape.count, part[axis] == 1 else { return false }
      var flat = part
      flat.remove(at: axis)
      let maker = writer.nodes.last { $0.outputs.first == name }
      if let maker, maker.operation == "Unsqueeze", writer.types[maker.inputs[0]]?.shape == flat {
        parts.append(maker.inputs[0])
      } else {
        parts.append(writer.reshaped(node, "part\(index)", name, flat))
      }
    }
    var sum = node
    sum.inputs = parts
    writer.chain(sum, "Add", from: parts[0], to: node.outputs[0])
    return true
  }
}

extension DecompositionWriter {
  /// Of a reduction: an input from opset 13 or 18 on, an attribute before; nil where neither is constant.
  fileprivate func axes(of node: Node) -> [Int]? {
    if let name = node.input(1) { return initializers[name]?.integers }
    return try? node.integers("axes", default: [], in: -64...64)
  }
}
