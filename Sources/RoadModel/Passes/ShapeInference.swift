import RoadBase

extension ModelGraph {
  /// The operators whose shapes are known: what a graph may hold at all.
  public static var knownOperators: [String] { OperatorCatalogue.operators.keys.sorted() }

  /// The type of every value, and the value of everything that follows from constants and shapes.
  ///
  /// Every dimension of the inputs must be fixed, see ``bindingInputs(to:)``. Nodes that cannot be used are reported
  /// all at once; what depends on them is not reported again.
  public func inferTypes() throws(RoadError) -> GraphTypes {
    for input in inputs where !input.hasFixedShape {
      throw RoadError(
        .model, "the graph input '\(input.name)' has no fixed shape",
        remedy: "name the size to run at (--input-size WxH)")
    }
    let (known, problems) = inferringTypes()
    guard problems.isEmpty else { throw RoadError.unsupportedNodes(problems.map(\.cause)) }
    return known
  }

  /// The same as far as it goes: what can be known, and for each node that cannot be used its label and why. What
  /// depends on such a node, or on an input without a fixed shape, is in neither.
  public func inferringTypes() -> (known: GraphTypes, problems: [(node: String, cause: String)]) {
    var known = GraphTypes()
    known.constants = initializers
    for (name, tensor) in initializers { known.types[name] = TensorType(tensor.elementType, tensor.shape) }
    for input in inputs where input.hasFixedShape {
      known.types[input.name] = TensorType(input.elementType, input.shape.compactMap { $0 })
    }
    var problems: [(node: String, cause: String)] = []
    for node in nodes {
      // An operator that we do not know is reported wherever it stands.
      if let reason = node.reasonAgainstOperator {
        problems.append((node.label, node.failure(reason).cause))
        continue
      }
      let inputs = node.inputs.filter { !$0.isEmpty }
      guard inputs.allSatisfy({ known.types[$0] != nil }) else { continue }
      do throws(RoadError) {
        try infer(node, into: &known)
      } catch {
        problems.append((node.label, error.cause))
      }
    }
    return (known, problems)
  }

  func infer(_ node: Node, into known: inout GraphTypes) throws(RoadError) {
    guard let rule = OperatorCatalogue[node.operation]?.shape else {
      preconditionFailure("\(node.label) passed the check of its operator")
    }
    if let values = try ConstantEvaluation.evaluate(node, opset: opset, known: &known) {
      for (name, value) in zip(node.outputs, values) where !name.isEmpty {
        known.constants[name] = value
        known.types[name] = TensorType(value.elementType, value.shape)
      }
      if values.count >= node.outputs.count { return }
    }
    let types = try rule(ShapeContext(node: node, opset: opset, known: known))
    guard types.count >= node.outputs.count else { throw node.failure("it has more outputs than the operator") }
    for (name, type) in zip(node.outputs, types) where !name.isEmpty {
      guard ShapeLimits.count(type.shape) != nil else {
        throw node.failure("its output would have the shape \(type.shape.prefix(8))")
      }
      known.types[name] = type
    }
  }

  /// The graph with every free dimension of its inputs fixed: batch 1, height and width from `size`.
  ///
  /// - Throws: when the model's own fixed size is another one, or when it is free and `size` is nil.
  public func bindingInputs(to size: PictureSize?) throws(RoadError) -> ModelGraph {
    var graph = self
    for index in inputs.indices {
      let shape = inputs[index].shape
      if let size, shape.count == 4 {
        for (axis, wanted) in [(2, size.height), (3, size.width)] {
          guard let fixed = shape[axis], fixed != wanted else { continue }
          throw RoadError(
            .model,
            "the model's input is fixed at \(shape[3].map(String.init) ?? "?")x\(shape[2].map(String.init) ?? "?"), "
              + "not \(size)",
            remedy: "use that size, or export the model with dynamic height and width")
        }
      }
      let bound = [1, nil, size?.height, size?.width]
      graph.inputs[index].shape = shape.enumerated().map { axis, fixed in
        fixed ?? (shape.count == 4 ? bound[axis] : nil)
      }
    }
    return graph
  }
}

extension Node {
  /// Why no shape rule can be asked about this node; nil where one can.
  fileprivate var reasonAgainstOperator: String? {
    if operation == "If" { return "its condition depends on the picture; export the model without control flow" }
    if attributes.values.contains(where: \.isBeyondUs) {
      return "subgraphs and sparse tensors are not supported; export the model without control flow"
    }
    return domain.isEmpty && OperatorCatalogue[operation] != nil ? nil : "the operator is not supported"
  }
}

extension Attribute {
  fileprivate var isBeyondUs: Bool {
    switch self {
    case .graph, .reference, .unreadable: true
    default: false
    }
  }
}

extension ValueInfo {
  fileprivate var hasFixedShape: Bool {
    let fixed = shape.compactMap { $0 }
    return fixed.count == shape.count && ShapeLimits.count(fixed) != nil
  }
}

extension RoadError {
  /// One error for all nodes that cannot be used.
  public static func unsupportedNodes(_ problems: [String]) -> RoadError {
    let shown = problems.prefix(50).joined(separator: "\n  ")
    let rest = problems.count > 50 ? "\n  and \(problems.count - 50) more" : ""
    return RoadError(
      .model, problems.count == 1 ? shown : "\(problems.count) nodes cannot be used:\n  \(shown)\(rest)")
  }
}
