import Glibc
import RoadBase

/// What stands for "as likely as not" in a value: 0.5 for a probability, and what the graph makes of that; nothing for
/// scores, whose zero it is.
struct ScoreLevels {
  private let constants: [String: TensorData]
  private var levels: [String: Float] = [:]

  init(_ graph: ModelGraph) {
    constants = graph.inferringTypes().known.constants
    for node in graph.nodes {
      guard let level = level(of: node) else { continue }
      for output in node.outputs where !output.isEmpty { levels[output] = level }
    }
  }

  /// Nil where nothing before the value makes probabilities of scores.
  subscript(_ value: String) -> Float? { levels[value] }

  /// What leaves numbers where they are, or takes some of them.
  private static let carriers: Set<String> = [
    "Identity", "Cast", "Dropout", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Resize", "Upsample",
    "QuantizeLinear", "DequantizeLinear", "Slice", "Gather", "Split", "Pad", "Tile", "Expand", "AveragePool", "MaxPool",
    "ReduceMax", "ReduceMin", "ReduceMean",
  ]

  private func level(of node: Node) -> Float? {
    guard let first = node.input(0) else { return nil }
    let before = levels[first]
    switch node.operation {
    case "Sigmoid", "HardSigmoid", "Softmax": return 0.5
    case "LogSoftmax": return log(0.5)
    case "Clip": return before ?? (isOfProbabilities(node) ? 0.5 : nil)
    case "Log": return before.map { log($0) }
    case "Sqrt": return before.map { $0.squareRoot() }
    case "Mul", "Add", "Div", "Sub": return arithmetic(node)
    case "Concat", "Max", "Min", "Mean":
      let all = Set(node.inputs.map { levels[$0] })
      return all.count == 1 ? before : nil
    default: return Self.carriers.contains(node.operation) ? before : nil
    }
  }

  /// With a constant of one number, or of two values: as the graph does with them.
  private func arithmetic(_ node: Node) -> Float? {
    guard let left = node.input(0), let right = node.input(1) else { return nil }
    let isOfTwo = number(left) == nil && number(right) == nil
    guard let a = number(left) ?? levels[left], let b = number(right) ?? levels[right] else { return nil }
    switch node.operation {
    // The product of two probabilities is one.
    case "Mul": return isOfTwo ? min(a, b) : a * b
    case "Add": return a + b
    case "Sub": return a - b
    default: return b == 0 ? nil : a / b
    }
  }

  private func number(_ name: String) -> Float? { constants[name]?.onlyNumber }

  private func isOfProbabilities(_ clip: Node) -> Bool {
    guard let low = clip.input(1).flatMap(number), let high = clip.input(2).flatMap(number) else { return false }
    return (0..<0.5).contains(low) && (0.5...1).contains(high)
  }
}

extension TensorData {
  /// The number that all elements are; nil where they differ, or there are none.
  var onlyNumber: Float? {
    guard count > 0 else { return nil }
    let values = elementType == .float ? floats : (integers ?? []).map(Float.init)
    guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
    return first
  }
}
