import RoadBase

extension ModelGraph {
  /// The graph without the score of one class, so that it is never an answer; the classes behind it move up by one. For
  /// networks with a class for void.
  ///
  /// The score is left out as early as it can be: of the last convolution's weights, or right behind it.
  ///
  /// - Parameters:
  ///   - excluded: the class's index, among the channels of the first output.
  ///   - model: what to call the model in errors.
  public func excludingClass(_ excluded: Int, model: String) throws(RoadError) -> ModelGraph {
    var graph = endingAtScores()
    let types = graph.inferringTypes().known.types
    guard let output = graph.outputs.first, let shape = types[output.name]?.shape, shape.count == 4 else {
      throw RoadError(
        .model, "\(model): no scores of classes are known to leave a class out of",
        remedy: "export it with a fixed size, or name the output with scores (--output-name)")
    }
    let classes = shape[1]
    guard (0..<classes).contains(excluded), classes > 2 else {
      throw RoadError(
        .option, "class \(excluded) cannot be left out of \(classes) classes",
        remedy: "give one of 0...\(classes - 1); two must remain")
    }
    let kept = (0..<classes).filter { $0 != excluded }
    let path = ScoresPath(graph)
    let (source, passed) = path.source(of: output.name)
    if let index = path.producer(of: source), let sliced = graph.keepingRows(kept, ofConvolution: index) {
      graph = sliced
    } else {
      graph.insertChoice(kept, of: source, isOutput: source == output.name)
    }
    for index in passed { graph.resizeClasses(to: kept.count, index) }
    graph.outputs[0].shape = shape.enumerated().map { $0 == 1 ? kept.count : $1 }
    return graph.removingUnread()
  }

  /// A convolution with float weights of which one row is left out; nil for other nodes.
  private func keepingRows(_ kept: [Int], ofConvolution index: Int) -> ModelGraph? {
    let node = nodes[index]
    guard node.operation == "Conv", node.attributes["group"] ?? .integer(1) == .integer(1), let name = node.input(1),
      let weights = initializers[name], weights.elementType == .float, weights.shape.count == 4
    else { return nil }
    var bias: TensorData?
    if let name = node.input(2) {
      guard let data = initializers[name], data.elementType == .float else { return nil }
      bias = data
    }
    var graph = self
    graph.nodes[index].inputs[1] = graph.addConstant("\(name)/kept", weights.rows(kept))
    if let bias { graph.nodes[index].inputs[2] = graph.addConstant("\(name)/kept_bias", bias.rows(kept)) }
    return graph
  }

  /// A Gather behind a value, which all its readers read.
  private mutating func insertChoice(_ kept: [Int], of name: String, isOutput: Bool) {
    let chosen = unusedName("\(name)/kept")
    let indices = addConstant("\(name)/kept_classes", TensorData(integers: kept))
    let gather = Node(
      name: chosen, operation: "Gather", inputs: [name, indices], outputs: [chosen],
      attributes: ["axis": .integer(1)])
    for index in nodes.indices { nodes[index].inputs = nodes[index].inputs.map { $0 == name ? chosen : $0 } }
    let position = nodes.firstIndex { $0.outputs.contains(name) }.map { $0 + 1 } ?? 0
    nodes.insert(gather, at: position)
    if isOutput { outputs[0].name = chosen }
  }

  /// The sizes of a Resize that names those of all axes.
  private mutating func resizeClasses(to count: Int, _ output: String) {
    guard let index = nodes.firstIndex(where: { $0.outputs.contains(output) }), nodes[index].operation == "Resize",
      let name = nodes[index].input(3), var sizes = initializers[name]?.integers, sizes.count == 4
    else { return }
    sizes[1] = count
    nodes[index].inputs[3] = addConstant("\(output)/sizes", TensorData(integers: sizes))
  }
}

extension TensorData {
  /// Some of the entries of the first axis.
  fileprivate func rows(_ kept: [Int]) -> TensorData {
    let each = bytes.count / max(shape.first ?? 1, 1)
    return TensorData(
      elementType: elementType, shape: [kept.count] + shape.dropFirst(),
      bytes: kept.flatMap { bytes[$0 * each..<($0 + 1) * each] })
  }
}

/// From the scores back to where a class can be left out: over what treats every channel alike.
private struct ScoresPath {
  private let graph: ModelGraph
  private var producers: [String: Int] = [:]
  private var readers: [String: Int] = [:]

  init(_ graph: ModelGraph) {
    self.graph = graph
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs { producers[output] = index }
      for input in Set(node.inputs) { readers[input, default: 0] += 1 }
    }
  }

  func producer(of name: String) -> Int? { producers[name] }

  /// The value to leave the class out of, and the outputs of the nodes between it and the scores.
  func source(of output: String) -> (name: String, passed: [String]) {
    var (name, passed) = (output, [String]())
    while let index = producers[name] {
      let node = graph.nodes[index]
      guard ["Resize", "QuantizeLinear", "DequantizeLinear", "Identity", "Cast"].contains(node.operation),
        let input = node.input(0), readers[input] == 1, producers[input] != nil, keepsChannels(node)
      else { break }
      passed.append(name)
      name = input
    }
    // Behind a pair, not between it and what it quantizes.
    while let last = passed.last, let index = producers[last],
      QuantizationDomain.operations.contains(graph.nodes[index].operation)
    {
      name = last
      passed.removeLast()
    }
    return (name, passed)
  }

  private func keepsChannels(_ node: Node) -> Bool {
    switch node.operation {
    case "QuantizeLinear", "DequantizeLinear":
      return node.input(1).flatMap { graph.initializers[$0] }?.count == 1
    case "Resize":
      guard let name = node.input(3) else { return node.input(2).flatMap { graph.initializers[$0] }?.count == 4 }
      return graph.initializers[name]?.count == 4
    default: return true
    }
  }
}
