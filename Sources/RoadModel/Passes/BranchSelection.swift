import RoadBase

extension ModelGraph {
  /// With the branch in the place of every If whose condition follows from constants and shapes, as that of PyTorch's
  /// `squeeze` does.
  ///
  /// Needs fixed input shapes. An If that depends on the picture stays.
  public func selectingBranches() -> ModelGraph {
    var graph = self
    // What a branch holds may make the next condition known.
    for _ in 0..<64 {
      guard graph.nodes.contains(where: { $0.operation == "If" }) else { return graph }
      let known = graph.inferringTypes().known
      var nodes: [Node] = []
      var hasChanged = false
      for node in graph.nodes {
        guard node.operation == "If", let name = node.input(0), let condition = known.constants[name],
          condition.count == 1,
          let truth = condition.integers?.first,
          case .graph(let branch)? = node.attributes[truth != 0 ? "then_branch" : "else_branch"],
          branch.graph.outputs.count >= node.outputs.count
        else {
          nodes.append(node)
          continue
        }
        hasChanged = true
        nodes += graph.take(branch.graph, for: node)
      }
      guard hasChanged else { return graph }
      graph.nodes = nodes
    }
    return graph
  }

  /// The branch's nodes under names of their own, and its constants among the graph's.
  private mutating func take(_ branch: ModelGraph, for node: Node) -> [Node] {
    let prefix = "\(node.outputs.first { !$0.isEmpty } ?? node.name)/"
    var names: [String: String] = ["": ""]
    // What the branch makes is its own; all else lies around it.
    let own = Set(branch.nodes.flatMap(\.outputs)).union(branch.initializers.keys)
    for name in own where !name.isEmpty { names[name] = prefix + name }
    for (index, output) in branch.outputs.enumerated() where node.outputs.indices.contains(index) {
      if own.contains(output.name), branch.initializers[output.name] == nil, !node.outputs[index].isEmpty,
        !branch.outputs[..<index].contains(where: { $0.name == output.name })
      {
        names[output.name] = node.outputs[index]
      }
    }
    for (name, data) in branch.initializers { initializers[prefix + name] = data }
    var nodes = branch.nodes.map { $0.capturing(names) }
    let made = Set(nodes.flatMap(\.outputs))
    for (index, output) in branch.outputs.enumerated() where node.outputs.indices.contains(index) {
      let wanted = node.outputs[index]
      guard !wanted.isEmpty, !made.contains(wanted) else { continue }
      nodes.append(
        Node(name: wanted, operation: "Identity", inputs: [names[output.name] ?? output.name], outputs: [wanted]))
    }
    return nodes
  }
}

extension Node {
  /// With the values of `names` renamed, also inside its own branches.
  fileprivate func capturing(_ names: [String: String]) -> Node {
    var node = self
    node.inputs = inputs.map { names[$0] ?? $0 }
    node.outputs = outputs.map { names[$0] ?? $0 }
    for (key, value) in attributes {
      guard case .graph(let branch) = value else { continue }
      var graph = branch.graph
      // A name that the inner branch makes hides the outer one.
      let own = Set(graph.nodes.flatMap(\.outputs)).union(graph.initializers.keys)
      let outer = names.filter { !own.contains($0.key) }
      graph.nodes = graph.nodes.map { $0.capturing(outer) }
      graph.outputs = graph.outputs.map {
        ValueInfo(name: outer[$0.name] ?? $0.name, elementType: $0.elementType, shape: $0.shape)
      }
      node.attributes[key] = .graph(Subgraph(graph))
    }
    return node
  }

  /// What it reads, also inside its branches.
  var captured: [String] {
    attributes.values.reduce(inputs) { names, value in
      guard case .graph(let branch) = value else { return names }
      return names + branch.graph.nodes.flatMap(\.captured) + branch.graph.outputs.map(\.name)
    }
  }
}
