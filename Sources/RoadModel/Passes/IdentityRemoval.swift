extension ModelGraph {
  /// Without nodes that give their input unchanged: Identity, Dropout (inference), a Concat of one tensor, a Cast to
  /// the type that its input has already.
  ///
  /// - Parameter types: of ``inferTypes()``; without them every Cast stays.
  public func removingIdentities(types: GraphTypes = GraphTypes()) -> ModelGraph {
    var graph = self
    let outputs = Set(outputs.map(\.name))
    let inputs = Set(inputs.map(\.name)).union(initializers.keys)
    var renamed: [String: String] = [:]
    var kept: [Node] = []
    for var node in nodes {
      node.inputs = node.inputs.map { renamed[$0] ?? $0 }
      guard node.passesInputOn(types), let source = node.input(0), let result = node.outputs.first else {
        kept.append(node)
        continue
      }
      if !outputs.contains(result) {
        renamed[result] = source
      } else if let producer = kept.firstIndex(where: { $0.outputs.contains(source) }),
        !inputs.contains(source), !outputs.contains(source)
      {
        // The graph's own output keeps its name: the node before produces it directly.
        for index in kept.indices {
          kept[index].inputs = kept[index].inputs.map { $0 == source ? result : $0 }
        }
        kept[producer].outputs = kept[producer].outputs.map { $0 == source ? result : $0 }
        renamed[source] = result
      } else {
        kept.append(node)
      }
    }
    graph.nodes = kept
    return graph.removingUnread()
  }
}

extension Node {
  /// Whether the node's first output is its first input (and no other output of it can be asked for).
  fileprivate func passesInputOn(_ types: GraphTypes) -> Bool {
    guard domain.isEmpty, outputs.dropFirst().allSatisfy(\.isEmpty) else { return false }
    switch operation {
    case "Identity": return true
    case "Concat": return inputs.count == 1
    case "Cast":
      guard let source = input(0), let type = types[source]?.elementType else { return false }
      return attributes["to"] == .integer(type.rawValue)
    // Without a constant true as training_mode, dropout does nothing.
    case "Dropout": return input(2) == nil
    default: return false
    }
  }
}
