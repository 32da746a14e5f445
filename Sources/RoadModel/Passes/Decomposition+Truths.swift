import RoadBase

/// Comparisons of activations as numbers, 0 or 1, which can be quantized: `a > b` is `max(sign(a − b), 0)`.
extension ModelGraph {
  @Sendable static func comparison(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 2, writer.isActivation(node), node.inputs.allSatisfy({ writer.isNumber($0) }) else {
      return false
    }
    let (a, b) = (node.inputs[0], node.inputs[1])
    switch node.operation {
    case "Greater": writer.greater(node, a, b, to: node.outputs[0])
    case "Less": writer.greater(node, b, a, to: node.outputs[0])
    case "GreaterOrEqual", "LessOrEqual":
      let opposite = writer.name(node, "opposite")
      let (first, second) = node.operation == "LessOrEqual" ? (a, b) : (b, a)
      writer.greater(node, first, second, to: opposite)
      writer.negate(node, opposite, to: node.outputs[0])
    default: return false
    }
    writer.truths.insert(node.outputs[0])
    return true
  }

  /// Not, And, Or, Xor of such truths.
  @Sendable static func logic(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard !node.inputs.isEmpty, node.inputs.allSatisfy({ writer.truths.contains($0) }) else { return false }
    switch (node.operation, node.inputs.count) {
    case ("Not", 1): writer.negate(node, node.inputs[0], to: node.outputs[0])
    case ("And", 2): writer.append(node, "Mul", node.inputs, to: node.outputs[0])
    case ("Or", 2): writer.append(node, "Max", node.inputs, to: node.outputs[0])
    case ("Xor", 2):
      let difference = writer.name(node, "difference")
      writer.append(node, "Sub", node.inputs, to: difference)
      writer.append(node, "Abs", [difference], to: node.outputs[0])
    default: return false
    }
    writer.truths.insert(node.outputs[0])
    return true
  }

  /// `b + truth·(a − b)`, where both are finite.
  @Sendable static func choice(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 3, writer.truths.contains(node.inputs[0]),
      node.inputs.dropFirst().allSatisfy({ name in
        writer.isNumber(name) && writer.initializers[name]?.floats.allSatisfy(\.isFinite) ?? true
      })
    else { return false }
    let (difference, part) = (writer.name(node, "difference"), writer.name(node, "part"))
    writer.append(node, "Sub", [node.inputs[1], node.inputs[2]], to: difference)
    writer.append(node, "Mul", [difference, node.inputs[0]], to: part)
    writer.append(node, "Add", [part, node.inputs[2]], to: node.outputs[0])
    return true
  }
}

extension DecompositionWriter {
  /// Whether no pass can fold the node.
  fileprivate func isActivation(_ node: Node) -> Bool {
    node.inputs.contains { types.constants[$0] == nil && initializers[$0] == nil }
  }

  fileprivate func isNumber(_ name: String) -> Bool { types.types[name]?.elementType == .float }

  fileprivate mutating func greater(_ node: Node, _ left: String, _ right: String, to output: String) {
    let (difference, sign) = (name(node, "difference"), name(node, "sign"))
    append(node, "Sub", [left, right], to: difference)
    append(node, "Sign", [difference], to: sign)
    append(node, "Relu", [sign], to: output)
  }

  fileprivate mutating func negate(_ node: Node, _ truth: String, to output: String) {
    let one = constant(node, "one", TensorData(floats: [1], shape: []))
    append(node, "Sub", [one, truth], to: output)
  }
}
