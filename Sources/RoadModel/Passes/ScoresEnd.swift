import RoadBase

extension ModelGraph {
  /// The graph with its scores, N x classes x H x W, as its only output: without what exporters put behind them that
  /// roadseg does itself or that does not change which class wins. That is ArgMax, TopK or Max over the classes with
  /// what moves, casts or enlarges the class map, Softmax, LogSoftmax and Sigmoid, and a last Transpose to N x H x W x
  /// classes. Of several outputs the first that leads to scores counts. A graph without such scores stays as it is, and
  /// so does one with a single score a pixel.
  ///
  /// Needs fixed input shapes.
  public func endingAtScores() -> ModelGraph {
    let walk = ScoresWalk(self)
    for output in outputs {
      guard let scores = walk.scores(before: output.name) else { continue }
      guard scores.name != output.name || scores.order != nil || outputs.count > 1 else { return self }
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
    if let order = scores.order {
      let turned = unusedName("\(name)/planes")
      graph.nodes.append(
        Node(
          name: turned, operation: "Transpose", inputs: [name], outputs: [turned],
          attributes: ["perm": .integers(order)]))
      name = turned
    }
    graph.outputs = [ValueInfo(name: name, elementType: .float, shape: scores.shape.map { $0 })]
    return graph.removingUnread()
  }
}

/// Walks from an output towards the picture as long as nodes do nothing to the scores but choose among them.
private struct ScoresWalk {
  struct Scores {
    var name: String
    /// N, classes, H, W.
    var shape: [Int]
    /// How the value's axes are turned to be those; nil where they are.
    var order: [Int]?
  }

  private let graph: ModelGraph
  private let types: GraphTypes
  private let producers: [String: Node]
  /// Height and width of the input.
  private let picture: [Int]

  init(_ graph: ModelGraph) {
    self.graph = graph
    let types = graph.inferringTypes().known
    self.types = types
    var producers: [String: Node] = [:]
    for node in graph.nodes { for output in node.outputs where !output.isEmpty { producers[output] = node } }
    self.producers = producers
    picture =
      graph.inputs.first { graph.initializers[$0.name] == nil }
      .flatMap { types[$0.name]?.shape.suffix(2) }.map(Array.init) ?? []
  }

  private static let moves: Set = ["Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Resize"]

  func scores(before output: String) -> Scores? {
    if let choice = choice(before: output) { return settled(choice.scores, axis: choice.axis) }
    guard let shape = types[output]?.shape, shape.count == 4, types[output]?.elementType == .float else { return nil }
    return settled(output, axis: classAxis(shape))
  }

  /// The node that chooses among the classes, with what is done to the class map behind it left out.
  private func choice(before output: String) -> (scores: String, axis: Int)? {
    var name = output
    while let node = producers[name], let input = node.input(0) {
      if let axis = chosenAxis(node) { return (input, axis) }
      guard ["Identity", "Cast"].contains(node.operation) || Self.moves.contains(node.operation) else { return nil }
      name = input
    }
    return nil
  }

  /// The axis over which a node takes the greatest of the scores, one of four.
  private func chosenAxis(_ node: Node) -> Int? {
    guard let input = node.input(0), let shape = types[input]?.shape, shape.count == 4 else { return nil }
    var axis: Int?
    switch node.operation {
    case "ArgMax": axis = try? node.integer("axis", default: 0, in: -4...3)
    case "TopK":
      guard node.input(1).flatMap({ types.constants[$0]?.integers }) == [1] else { return nil }
      axis = try? node.integer("axis", default: -1, in: -4...3)
    case "ReduceMax":
      // Its values, where another node gives the classes of the same scores.
      let isPair = graph.nodes.contains { $0.operation == "ArgMax" && $0.input(0) == input }
      guard isPair else { return nil }
      var axes = try? node.integers("axes", default: [], in: -4...3)
      if let name = node.input(1) { axes = types.constants[name]?.integers }
      axis = axes?.count == 1 ? axes?.first : nil
    default: return nil
    }
    guard let axis, axis != 0, axis != -4 else { return nil }
    return axis < 0 ? axis + 4 : axis
  }

  /// Without Softmax and its kin over the classes, and without a Transpose that brings the classes to the end.
  private func settled(_ value: String, axis: Int) -> Scores? {
    var (name, axis) = (value, axis)
    walk: while let node = producers[name], let input = node.input(0), types[input]?.elementType == .float {
      switch node.operation {
      case "Identity", "Cast", "Sigmoid": break
      case "Softmax", "LogSoftmax":
        guard let own = try? node.integer("axis", default: graph.opset < 13 ? 1 : -1, in: -4...3),
          (own < 0 ? own + 4 : own) == axis
        else { break walk }
      case "Transpose":
        guard axis == 3, (try? node.permutation(rank: 4)) == [0, 2, 3, 1] else { break walk }
        axis = 1
      default: break walk
      }
      name = input
    }
    guard let shape = types[name]?.shape, shape.count == 4, shape[axis] > 1 else { return nil }
    let order = axis == 1 ? nil : [0, axis] + (1...3).filter { $0 != axis }
    return Scores(name: name, shape: order?.map { shape[$0] } ?? shape, order: order)
  }

  /// The axis that is not height or width: classes stand last where the two before have the picture's proportions and
  /// the last two have not.
  private func classAxis(_ shape: [Int]) -> Int {
    guard picture.count == 2 else { return 1 }
    func fits(_ height: Int, _ width: Int) -> Bool { height * picture[1] == width * picture[0] }
    return fits(shape[1], shape[2]) && !fits(shape[2], shape[3]) ? 3 : 1
  }
}
