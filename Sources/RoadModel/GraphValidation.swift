import RoadBase

extension ModelGraph {
  /// What ONNX demands of a graph: every value has one name and one producer, producers come before consumers, every
  /// output is produced.
  ///
  /// - Parameter file: what to call the model in errors.
  public func validate(file: String) throws(RoadError) {
    func failure(_ reason: String) -> RoadError {
      RoadError(.model, "\(file): \(reason)", remedy: "check it with onnx.checker and export it again")
    }
    guard !nodes.isEmpty else { throw failure("the graph has no nodes") }
    guard !inputs.isEmpty else { throw failure("the graph has no inputs") }
    guard !outputs.isEmpty else { throw failure("the graph has no outputs") }
    var known = Set(initializers.keys)
    for input in inputs where input.name.isEmpty || !known.insert(input.name).inserted {
      throw failure("the graph input '\(input.name)' has no name of its own")
    }
    let produced = Set(nodes.flatMap(\.outputs))
    for node in nodes {
      guard !node.operation.isEmpty else { throw failure("\(node.label) has no operator") }
      for name in node.inputs where !name.isEmpty && !known.contains(name) {
        throw failure(
          produced.contains(name)
            ? "\(node.label) reads '\(name)' before it is computed: the nodes are not sorted, or form a cycle"
            : "\(node.label) reads '\(name)', which is no input, no initializer and no node's output")
      }
      for name in node.outputs where !name.isEmpty && !known.insert(name).inserted {
        throw failure("\(node.label) produces '\(name)', a name that is taken")
      }
      guard node.outputs.contains(where: { !$0.isEmpty }) else { throw failure("\(node.label) has no output") }
    }
    for output in outputs where !known.contains(output.name) {
      throw failure("the graph output '\(output.name)' is not computed by any node")
    }
  }
}
