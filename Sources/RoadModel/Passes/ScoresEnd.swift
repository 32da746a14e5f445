import RoadBase

extension ModelGraph {
  /// The graph with its scores, N x classes x H x W, as its only output: without what exporters put behind them that
  /// roadseg does itself or that does not change which class wins. That is ArgMax, ArgMin, TopK or Max over the classes
  /// with what moves, casts or enlarges the class map, Softmax, LogSoftmax, Hardmax and Sigmoid, and whatever brings
  /// the scores into another order or number of axes. Of several outputs the first that leads to scores counts. A graph
  /// without such scores stays as it is, and so does one with a single score a pixel.
  ///
  /// Needs fixed input shapes.
  public func endingAtScores() -> ModelGraph {
    let walk = ScoresWalk(self)
    for output in outputs {
      guard let scores = walk.scores(before: output.name) else { continue }
      let isPlain = scores.planes.order == nil && scores.planes.reshaped == nil && !scores.areDistances
      guard scores.name != output.name || !isPlain || outputs.count > 1 else { return self }
      return ending(at: scores)
    }
    return self
  }

  /// The output that ``endingAtScores()`` takes; the first where none leads to scores.
  public var outputWithScores: String? {
    let walk = ScoresWalk(self)
    return (outputs.first { walk.scores(before: $0.name) != nil } ?? outputs.first)?.name
  }

  /// With one output alone: one of the graph's, or any value that a node makes.
  ///
  /// - Parameter model: what to call the model in errors.
  public func keepingOutput(named name: String, model: String) throws(RoadError) -> ModelGraph {
    var graph = self
    if let output = outputs.first(where: { $0.name == name }) {
      graph.outputs = [output]
    } else {
      guard nodes.contains(where: { $0.outputs.contains(name) }) else {
        throw RoadError(
          .model, "\(model): nothing in the model is called '\(name)'",
          remedy: "its outputs are \(outputs.prefix(20).map { "'\($0.name)'" }.joined(separator: ", "))")
      }
      graph.outputs = [ValueInfo(name: name, elementType: .float, shape: [])]
    }
    return graph.removingUnread()
  }

  private func ending(at scores: ScoresWalk.Scores) -> ModelGraph {
    var graph = self
    var name = scores.name
    if scores.areDistances { name = graph.append("Neg", [name], "negated", of: scores.name) }
    if let shape = scores.planes.reshaped { name = graph.appendReshape(of: name, to: shape) }
    if let order = scores.planes.order {
      name = graph.append("Transpose", [name], "planes", of: scores.name, ["perm": .integers(order)])
    }
    graph.outputs = [ValueInfo(name: name, elementType: .float, shape: scores.planes.shape.map { $0 })]
    return graph.removingUnread()
  }

  /// - Returns: the name of what the node makes, `part` of `value`.
  mutating func append(
    _ operation: String, _ inputs: [String], _ part: String, of value: String, _ attributes: [String: Attribute] = [:]
  ) -> String {
    let name = unusedName("\(value)/\(part)")
    nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: [name], attributes: attributes))
    return name
  }

  mutating func appendReshape(of value: String, to shape: [Int]) -> String {
    let size = addConstant("\(value)/shape", TensorData(integers: shape))
    return append("Reshape", [value, size], "pixels", of: value)
  }
}

/// Walks from an output towards the picture as long as nodes do nothing to the scores but choose among them.
private struct ScoresWalk {
  struct Scores {
    var name: String
    var planes: PixelLayout.Planes
    /// The least of them wins.
    var areDistances: Bool
  }

  /// What a node chooses among, along an axis.
  private struct Choice {
    var scores: String
    var axis: Int
    var takesLeast = false
  }

  private let graph: ModelGraph
  private let types: GraphTypes
  private let producers: [String: Node]
  private let layout: PixelLayout

  init(_ graph: ModelGraph) {
    self.graph = graph
    let types = graph.inferringTypes().known
    self.types = types
    layout = PixelLayout(graph, types)
    var producers: [String: Node] = [:]
    for node in graph.nodes { for output in node.outputs where !output.isEmpty { producers[output] = node } }
    self.producers = producers
  }

  private static let moves: Set = ["Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Resize"]

  func scores(before output: String) -> Scores? {
    if let choice = choice(before: output) { return settled(choice) }
    guard let type = types[output], type.elementType == .float, let axis = layout.classAxis(of: type.shape) else {
      return nil
    }
    return settled(Choice(scores: output, axis: axis))
  }

  /// The node that chooses among the classes, with what is done to the class map behind it left out.
  private func choice(before output: String) -> Choice? {
    var name = output
    while let node = producers[name], let input = node.input(0) {
      if let choice = choice(of: node) ?? firstOfBest(node, output: name) { return choice }
      guard ["Identity", "Cast"].contains(node.operation) || Self.moves.contains(node.operation) else { return nil }
      name = input
    }
    return nil
  }

  private func choice(of node: Node) -> Choice? {
    guard let input = node.input(0), let rank = types[input]?.shape.count, rank > 1 else { return nil }
    var axis: Int?
    var takesLeast = node.operation == "ArgMin"
    switch node.operation {
    case "ArgMax", "ArgMin": axis = try? node.integer("axis", default: 0, in: -rank...rank - 1)
    case "TopK":
      guard node.input(1).flatMap({ types.constants[$0]?.integers }) == [1] else { return nil }
      axis = try? node.integer("axis", default: -1, in: -rank...rank - 1)
      takesLeast = node.attributes["largest"] == .integer(0)
    // Until then it was one over all axes from that one on.
    case "Hardmax" where graph.opset >= 13: axis = try? node.integer("axis", default: -1, in: -rank...rank - 1)
    case "ReduceMax":
      // Its values, where another node gives the classes of the same scores.
      let isPair = graph.nodes.contains { $0.operation == "ArgMax" && $0.input(0) == input }
      guard isPair else { return nil }
      var axes = try? node.integers("axes", default: [], in: -rank...rank - 1)
      if let name = node.input(1) { axes = types.constants[name]?.integers }
      axis = axes?.count == 1 ? axes?.first : nil
    default: return nil
    }
    guard var axis else { return nil }
    if axis < 0 { axis += rank }
    return rank == 4 && axis == 0 ? nil : Choice(scores: input, axis: axis, takesLeast: takesLeast)
  }

  /// The best of several that a TopK names, best first.
  private func firstOfBest(_ node: Node, output: String) -> Choice? {
    guard let best = node.input(0), let top = producers[best], top.operation == "TopK", let input = top.input(0),
      top.attributes["sorted"] != .integer(0), var shape = types[input]?.shape, !shape.isEmpty,
      let count = top.input(1).flatMap({ types.constants[$0]?.integers }), count.count == 1,
      let axis = try? top.axis(top.integer("axis", default: -1, in: -shape.count...shape.count - 1), rank: shape.count)
    else { return nil }
    shape[axis] = count[0]
    guard let pick = SinglePick(node, output: output, of: shape, types.constants), pick.axis == axis, pick.index == 0
    else { return nil }
    return Choice(scores: input, axis: axis, takesLeast: top.attributes["largest"] == .integer(0))
  }

  /// Without Softmax and its kin over the classes, and without what only moves the scores.
  private func settled(_ choice: Choice) -> Scores? {
    func scores(_ choice: Choice) -> Scores? {
      types[choice.scores].flatMap { layout.planes(of: $0.shape, classAxis: choice.axis) }
        .map { Scores(name: choice.scores, planes: $0, areDistances: choice.takesLeast) }
    }
    guard var settled = scores(choice) else { return nil }
    var place = choice
    while let node = producers[place.scores], let next = before(node, place) {
      place = next
      if let earlier = scores(place), earlier.planes.shape == settled.planes.shape { settled = earlier }
    }
    return settled.planes.shape[1] > 1 ? settled : nil
  }

  /// The same choice among what the node reads; nil where that is another.
  private func before(_ node: Node, _ place: Choice) -> Choice? {
    guard let input = node.input(0), let read = types[input], read.elementType == .float,
      let type = types[place.scores], type.elementType == .float
    else { return nil }
    let made = type.shape
    var earlier = place
    earlier.scores = input
    switch node.operation {
    case "Identity", "Cast", "Sigmoid": break
    case "Neg" where place.takesLeast: earlier.takesLeast = false
    case "Softmax", "LogSoftmax":
      let rank = read.shape.count
      guard let own = try? node.integer("axis", default: graph.opset < 13 ? 1 : -1, in: -rank...rank - 1),
        (own < 0 ? own + rank : own) == place.axis
      else { return nil }
    case "Transpose":
      guard let order = try? node.permutation(rank: made.count) else { return nil }
      let others = order.filter { $0 != order[place.axis] }
      guard others == others.sorted() else { return nil }
      earlier.axis = order[place.axis]
    case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
      // The classes' axis is one of both shapes, with as many elements before it.
      let ahead = made[..<place.axis].reduce(1, *)
      guard
        let axis = read.shape.indices.first(where: {
          read.shape[$0] == made[place.axis] && read.shape[..<$0].reduce(1, *) == ahead
        })
      else { return nil }
      earlier.axis = axis
    default: return nil
    }
    return earlier
  }
}
