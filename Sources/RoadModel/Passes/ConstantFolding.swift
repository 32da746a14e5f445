import RoadBase

extension ModelGraph {
  /// Replaces every node whose outputs follow from constants and fixed shapes by initializers, then drops what nobody
  /// reads. Needs fixed input shapes.
  public func foldingConstants() throws(RoadError) -> ModelGraph {
    let known = try inferTypes()
    var graph = self
    let outputs = Set(outputs.map(\.name))
    graph.nodes.removeAll { node in
      node.outputs.allSatisfy { $0.isEmpty || known.constants[$0] != nil && !outputs.contains($0) }
    }
    for name in Set(graph.nodes.flatMap(\.inputs)) where graph.initializers[name] == nil {
      if let value = known.constants[name] { graph.initializers[name] = value }
    }
    return graph.removingUnread()
  }

  /// Without the nodes and initializers that no graph output depends on.
  public func removingUnread() -> ModelGraph {
    var graph = self
    var needed = Set(outputs.map(\.name))
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: { needed.contains($0) }) {
      kept.append(node)
      needed.formUnion(node.captured)
    }
    graph.nodes = kept.reversed()
    graph.initializers = initializers.filter { needed.contains($0.key) }
    return graph
  }
}
