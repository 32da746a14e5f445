import RoadBase

/// Where a model that gives one score a pixel draws the line between what it looks for and the rest.
public struct ScoreThreshold: Hashable, Sendable {
  /// In the numbers that the graph's first output holds.
  public var level: Float
  /// Whether scores above the level are what the model looks for; else those at or below it.
  public var findsAbove: Bool

  public init(level: Float, findsAbove: Bool = true) {
    self.level = level
    self.findsAbove = findsAbove
  }
}

extension ModelGraph {
  /// Key, in the metadata, of a comparison that was taken off the end of the graph: "above 0.5" or "below 0.5".
  public static let thresholdKey = "threshold"

  /// The threshold of a model with one score a pixel: the comparison that ``separatingThreshold()`` took off, 0.5 for
  /// what a sigmoid made (scaled and moved as the graph scales and moves it), 0 for everything else.
  public var scoreThreshold: ScoreThreshold {
    if let words = metadata[Self.thresholdKey]?.split(separator: " "), words.count == 2, let level = Float(words[1]),
      level.isFinite
    {
      return ScoreThreshold(level: level, findsAbove: words[0] != "below")
    }
    return ScoreThreshold(level: outputs.first.map { OutputWalk(self).level(of: $0.name) } ?? 0)
  }

  /// The graph with its scores as the first output, where it gives one score a pixel and then compares it with a number
  /// (Greater, Less, Round, Where, ... and casts): those nodes are left out, and the metadata tell the threshold. So
  /// are moves that only drop the axis of the one class. Other graphs, and those of which no shape is known, stay as
  /// they are.
  public func separatingThreshold() -> ModelGraph {
    guard let output = outputs.first else { return self }
    let walk = OutputWalk(self)
    let (scores, threshold) = walk.scores(before: output.name)
    guard scores != output.name, let shape = walk.types[scores]?.shape else { return self }
    var graph = self
    graph.outputs = [ValueInfo(name: scores, elementType: .float, shape: shape.map { $0 })]
    if let threshold {
      graph.metadata[Self.thresholdKey] = "\(threshold.findsAbove ? "above" : "below") \(threshold.level)"
    }
    return graph.keepingNeeded()
  }

  /// Only the nodes that the outputs need.
  private func keepingNeeded() -> ModelGraph {
    var needed = Set(outputs.map(\.name))
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
      needed.formUnion(node.captured)
      kept.append(node)
    }
    var graph = self
    graph.nodes = kept.reversed()
    return graph
  }
}

/// Walks from a graph's output towards its input, as long as single scores are only moved, scaled or compared.
private struct OutputWalk {
  let types: GraphTypes
  private let producers: [String: Node]

  init(_ graph: ModelGraph) {
    types = graph.inferringTypes().known
    var producers: [String: Node] = [:]
    for node in graph.nodes { for output in node.outputs where !output.isEmpty { producers[output] = node } }
    self.producers = producers
  }

  private static let moves: Set<String> = [
    "Identity", "Cast", "Dropout", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose",
  ]

  /// The value with the scores, and the comparison between it and `output`; `output` itself where the graph has more
  /// than one score a pixel or does nothing with it.
  func scores(before output: String) -> (name: String, threshold: ScoreThreshold?) {
    var (name, scores) = (output, output)
    var threshold: ScoreThreshold?
    while let node = producers[name], let next = step(over: node, &threshold) {
      name = next
      if isOneScore(name) { scores = name }
    }
    return isOneScore(scores) ? (scores, threshold) : (output, nil)
  }

  /// N, 1, H, W.
  private func isOneScore(_ name: String) -> Bool {
    guard let type = types[name], type.elementType == .float else { return false }
    return type.shape.count == 4 && type.shape[0] == 1 && type.shape[1] == 1
  }

  /// What the node reads, where it moves or compares; the threshold then is that of what it reads.
  private func step(over node: Node, _ threshold: inout ScoreThreshold?) -> String? {
    // What a pixel must exceed behind this node; truth values are 0 and 1.
    let (level, findsAbove) = (threshold?.level ?? 0.5, threshold?.findsAbove ?? true)
    switch node.operation {
    case "Not":
      threshold = ScoreThreshold(level: level, findsAbove: !findsAbove)
      return node.input(0)
    case "Round":
      threshold = ScoreThreshold(level: 0.5, findsAbove: findsAbove)
      return node.input(0)
    case "Greater", "GreaterOrEqual", "Less", "LessOrEqual":
      return step(overComparison: node, findsAbove, &threshold)
    case "Where":
      guard let yes = number(node.input(1)), let no = number(node.input(2)), yes != no else { return nil }
      threshold = ScoreThreshold(level: level, findsAbove: findsAbove == (yes > no))
      return node.input(0)
    case "Mul":
      // Of truth values only: 255 for true.
      guard producers[name(besides: node, \.isPositive) ?? ""]?.isTruth(producers) == true else { return nil }
      return name(besides: node, \.isPositive)
    default: return Self.moves.contains(node.operation) ? node.input(0) : nil
    }
  }

  private func step(
    overComparison node: Node, _ findsAbove: Bool, _ threshold: inout ScoreThreshold?
  ) -> String? {
    let isGreater = node.operation.hasPrefix("Greater")
    let isInclusive = node.operation.hasSuffix("OrEqual")
    if let level = number(node.input(1)), level.isFinite {
      // "x >= level" is "x > the number before it", and "x < level" the opposite of it.
      let edge = isGreater == isInclusive ? level.nextDown : level
      threshold = ScoreThreshold(level: edge, findsAbove: findsAbove == isGreater)
      return node.input(0)
    }
    if let level = number(node.input(0)), level.isFinite {
      let edge = isGreater != isInclusive ? level.nextDown : level
      threshold = ScoreThreshold(level: edge, findsAbove: findsAbove != isGreater)
      return node.input(1)
    }
    return nil
  }

  /// The other input of a node with a constant of one number.
  private func name(besides node: Node, _ isRight: (Float) -> Bool = { _ in true }) -> String? {
    if let value = number(node.input(1)), isRight(value) { return node.input(0) }
    if let value = number(node.input(0)), isRight(value) { return node.input(1) }
    return nil
  }

  /// A constant that is the same number everywhere.
  private func number(_ name: String?) -> Float? {
    guard let name, let data = types.constants[name], data.count > 0 else { return nil }
    let values = data.elementType == .float ? data.floats : (data.integers ?? []).map(Float.init)
    guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  /// What stands for "as likely as not" in a value: a sigmoid's 0.5 after all that was done with it, else 0.
  func level(of output: String) -> Float {
    var name = output
    // The output is `factor · value + offset`.
    var (factor, offset) = (Float(1), Float(0))
    while let node = producers[name] {
      var next = node.input(0)
      switch node.operation {
      case "Sigmoid", "HardSigmoid": return factor * 0.5 + offset
      case "Clip" where number(node.input(1)) == 0 && number(node.input(2)) == 1: return factor * 0.5 + offset
      case "Mul", "Add":
        guard let other = self.name(besides: node), let value = number(node.inputs.first { $0 != other }) else {
          return 0
        }
        next = other
        if node.operation == "Mul" { factor *= value } else { offset += factor * value }
      case "Div":
        guard let value = number(node.input(1)), value != 0 else { return 0 }
        factor /= value
      case "Sub":
        if let value = number(node.input(1)) {
          offset -= factor * value
        } else if let value = number(node.input(0)) {
          (offset, factor, next) = (offset + factor * value, -factor, node.input(1))
        } else {
          return 0
        }
      case "Resize", "Upsample", "QuantizeLinear", "DequantizeLinear": break
      default: guard Self.moves.contains(node.operation) else { return 0 }
      }
      guard let next else { return 0 }
      name = next
    }
    return 0
  }
}

extension Float {
  fileprivate var isPositive: Bool { self > 0 }
}

extension Node {
  /// Whether a comparison made it, perhaps cast since.
  fileprivate func isTruth(_ producers: [String: Node]) -> Bool {
    if ["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Where"].contains(operation) { return true }
    return operation == "Cast" && input(0).flatMap { producers[$0] }?.isTruth(producers) == true
  }
}
