import RoadBase

/// Values that are made of class numbers and constants alone: an ArgMax and what was computed of it. They are no
/// scores.
struct ClassNumbers {
  /// For each value what the ArgMax or its like chose among.
  private var scores: [String: String] = [:]
  fileprivate static let choices: Set = ["ArgMax", "ArgMin"]

  init(_ graph: ModelGraph, _ constants: [String: TensorData]) {
    for node in graph.nodes {
      guard let origin = origin(of: node, constants) else { continue }
      for output in node.outputs where !output.isEmpty { scores[output] = origin }
    }
  }

  subscript(_ value: String) -> String? { scores[value] }

  private func origin(of node: Node, _ constants: [String: TensorData]) -> String? {
    if Self.choices.contains(node.operation) { return node.input(0) }
    let read = node.inputs.filter { !$0.isEmpty && constants[$0] == nil }
    guard let first = read.first.flatMap({ scores[$0] }), read.allSatisfy({ scores[$0] != nil }) else { return nil }
    return first
  }
}

extension ModelGraph {
  /// - Throws: a model error where the first output was computed of class numbers, which no longer tell the scores.
  public func refusingClassNumbers() throws(RoadError) -> ModelGraph {
    // Types are inferred only where there is a question.
    guard let output = outputs.first, nodes.contains(where: { ClassNumbers.choices.contains($0.operation) }),
      let scores = ClassNumbers(self, inferringTypes().known.constants)[output.name],
      let last = nodes.last(where: { $0.outputs.contains(output.name) })
    else { return self }
    throw RoadError(
      .model, "output '\(output.name)' is computed of class numbers, last by \(last.label)",
      remedy: "end the model at its scores: --output-name \(scores)")
  }
}
