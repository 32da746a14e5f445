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
    return ScoreThreshold(level: outputs.first.flatMap { ScoreLevels(self)[$0.name] } ?? 0)
  }

  /// The graph with its scores, N x 1 x H x W, as the first output, where it gives one score a pixel, in whatever
  /// shape, and perhaps compares it with a number or another score (Greater, Less, Round, Where, ... and casts):
  /// comparisons are left out, and the metadata tell the threshold. So are moves that only drop the axis of the one
  /// class. The probability of one of two classes becomes a Sigmoid of their scores' difference. Other graphs, and
  /// those of which no shape is known, stay as they are.
  public func separatingThreshold() -> ModelGraph {
    guard let output = outputs.first else { return self }
    var graph = subtractingScoresOfTwo()
    let walk = OutputWalk(graph)
    guard let end = walk.scores(before: output.name), let shape = walk.types[end.scores]?.shape,
      end.scores != output.name || shape != end.shape || end.other != nil
    else { return self }
    var name = end.scores
    if let other = end.other { name = graph.append("Sub", [name, other], "difference", of: name) }
    if shape != end.shape { name = graph.appendReshape(of: name, to: end.shape) }
    graph.outputs = [ValueInfo(name: name, elementType: .float, shape: end.shape.map { $0 })]
    if let threshold = end.threshold {
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
  struct End {
    var scores: String
    /// N, 1, H, W, which the scores are given.
    var shape: [Int]
    /// What is subtracted from them, where two scores were compared with each other.
    var other: String?
    var threshold: ScoreThreshold?
  }

  let types: GraphTypes
  private let producers: [String: Node]
  private let layout: PixelLayout
  private let classNumbers: ClassNumbers

  init(_ graph: ModelGraph) {
    types = graph.inferringTypes().known
    classNumbers = ClassNumbers(graph, types.constants)
    layout = PixelLayout(graph, types)
    var producers: [String: Node] = [:]
    for node in graph.nodes { for output in node.outputs where !output.isEmpty { producers[output] = node } }
    self.producers = producers
  }

  private static let moves: Set<String> = [
    "Identity", "Cast", "Dropout", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose",
  ]

  /// The value with the scores, and the comparison between it and `output`; nil where the graph has more than one
  /// score a pixel.
  func scores(before output: String) -> End? {
    var (name, threshold) = (output, ScoreThreshold?.none)
    var end = end(at: name, threshold)
    while let node = producers[name] {
      if let between = twoScores(node, threshold) { return between }
      guard let next = step(over: node, &threshold) else { break }
      name = next
      if let earlier = self.end(at: name, threshold) { end = earlier }
    }
    return end
  }

  private func end(at name: String, _ threshold: ScoreThreshold?) -> End? {
    guard let type = types[name], type.elementType == .float, classNumbers[name] == nil else { return nil }
    return layout.oneScore(type.shape).map { End(scores: name, shape: $0, threshold: threshold) }
  }

  /// A comparison of two scores a pixel is one of their difference with 0.
  private func twoScores(_ node: Node, _ threshold: ScoreThreshold?) -> End? {
    guard let comparison = Comparison(node), let left = node.input(0), let right = node.input(1),
      let end = end(at: left, nil), self.end(at: right, nil)?.shape == end.shape, types[left] == types[right],
      number(left) == nil, number(right) == nil
    else { return nil }
    let findsAbove = threshold?.findsAbove ?? true
    let zero = comparison.isGreater == comparison.isInclusive ? Float(0).nextDown : 0
    return End(
      scores: left, shape: end.shape, other: right,
      threshold: ScoreThreshold(level: zero, findsAbove: findsAbove == comparison.isGreater))
  }

  /// What the node reads, where it moves or compares; the threshold then is that of what it reads.
  private func step(over node: Node, _ threshold: inout ScoreThreshold?) -> String? {
    // What a pixel must exceed behind this node; truth values are 0 and 1.
    let (level, findsAbove) = (threshold?.level ?? 0.5, threshold?.findsAbove ?? true)
    if let comparison = Comparison(node) { return step(over: comparison, node, findsAbove, &threshold) }
    switch node.operation {
    case "Not":
      threshold = ScoreThreshold(level: level, findsAbove: !findsAbove)
      return node.input(0)
    case "Round":
      threshold = ScoreThreshold(level: 0.5, findsAbove: findsAbove)
      return node.input(0)
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
    over comparison: Comparison, _ node: Node, _ findsAbove: Bool, _ threshold: inout ScoreThreshold?
  ) -> String? {
    let (isGreater, isInclusive) = (comparison.isGreater, comparison.isInclusive)
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
  private func number(_ name: String?) -> Float? { name.flatMap { types.constants[$0]?.onlyNumber } }
}

/// Greater, Less and their kin.
private struct Comparison {
  var isGreater: Bool
  var isInclusive: Bool

  init?(_ node: Node) {
    guard ["Greater", "GreaterOrEqual", "Less", "LessOrEqual"].contains(node.operation) else { return nil }
    isGreater = node.operation.hasPrefix("Greater")
    isInclusive = node.operation.hasSuffix("OrEqual")
  }
}

extension Float {
  fileprivate var isPositive: Bool { self > 0 }
}

extension Node {
  /// Whether a comparison made it, perhaps cast since.
  fileprivate func isTruth(_ producers: [String: Node]) -> Bool {
    if ["Not", "Where"].contains(operation) || Comparison(self) != nil { return true }
    return operation == "Cast" && input(0).flatMap { producers[$0] }?.isTruth(producers) == true
  }
}
