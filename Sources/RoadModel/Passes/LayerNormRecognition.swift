import RoadBase

extension ModelGraph {
  /// Says LayerNormalization where it is written out, as exporters do before operator set 17 and networks that
  /// normalise the channels of pictures do themselves: `(x − mean) ÷ √(mean((x − mean)²) + ε)`, perhaps times gains,
  /// plus offsets.
  ///
  /// One axis, the last or another: that one is brought to the end and back. A square is a Mul here, see
  /// ``decomposed()``. Where anything was found the graph is of operator set 17, which says what 13 to 16 said in the
  /// same way.
  public func recognisingLayerNorms() -> ModelGraph {
    guard (Self.quantizedOpset...).contains(opset), nodes.contains(where: { $0.operation == "Sqrt" }) else {
      return self
    }
    let recognition = LayerNormRecognition(self)
    let found = nodes.indices.compactMap { recognition.norm(endingAt: $0) }
    guard !found.isEmpty else { return self }
    let removed = found.reduce(into: Set<Int>()) { $0.formUnion($1.nodes) }
    var graph = self
    graph.opset = max(opset, 17)
    graph.nodes = []
    for (index, node) in nodes.enumerated() {
      if let norm = found.first(where: { $0.nodes.last == index }) { graph.append(norm) }
      if !removed.contains(index) { graph.nodes.append(node) }
    }
    return graph.removingUnread()
  }

  private mutating func append(_ norm: WrittenOutNorm) {
    let name = norm.output
    let parts = ["gains", "offsets", "last", "normalised"].map { "\(name)/\($0)" }
    initializers[parts[0]] = TensorData(floats: norm.gains, shape: [norm.gains.count])
    initializers[parts[1]] = TensorData(floats: norm.offsets, shape: [norm.offsets.count])
    let isLast = norm.axis == norm.rank - 1
    let others = (0..<norm.rank).filter { $0 != norm.axis }
    func append(_ operation: String, _ inputs: [String], _ output: String, _ attributes: [String: Attribute]) {
      nodes.append(
        Node(name: output, operation: operation, inputs: inputs, outputs: [output], attributes: attributes))
    }
    if !isLast { append("Transpose", [norm.input], parts[2], ["perm": .integers(others + [norm.axis])]) }
    append(
      "LayerNormalization", [isLast ? norm.input : parts[2], parts[0], parts[1]], isLast ? name : parts[3],
      ["axis": .integer(-1), "epsilon": .float(norm.epsilon)])
    guard !isLast else { return }
    var back = Array(0..<norm.rank - 1)
    back.insert(norm.rank - 1, at: norm.axis)
    append("Transpose", [parts[3]], name, ["perm": .integers(back)])
  }
}

/// A layer normalisation that several nodes say together.
private struct WrittenOutNorm {
  /// In graph order.
  var nodes: [Int]
  var input: String
  var output: String
  var axis: Int
  var rank: Int
  var epsilon: Float
  var gains: [Float]
  var offsets: [Float]
}

/// Follows a graph backwards from a division.
private struct LayerNormRecognition {
  let graph: ModelGraph
  let types: GraphTypes
  let producers: [String: Int]
  let readers: [String: [Int]]

  init(_ graph: ModelGraph) {
    self.graph = graph
    types = graph.inferringTypes().known
    var (producers, readers): ([String: Int], [String: [Int]]) = ([:], [:])
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { producers[output] = index }
      for input in Set(node.inputs) where !input.isEmpty { readers[input, default: []].append(index) }
    }
    // What the graph gives out has one reader more.
    for output in graph.outputs { readers[output.name, default: []].append(-1) }
    (self.producers, self.readers) = (producers, readers)
  }

  func norm(endingAt index: Int) -> WrittenOutNorm? {
    let division = graph.nodes[index]
    guard division.operation == "Div", let difference = producer(of: division, 0, "Sub"),
      let root = producer(of: division, 1, "Sqrt"), let sum = producer(of: graph.nodes[root], 0, "Add"),
      let (variance, epsilon) = mean(plus: graph.nodes[sum]),
      let square = producer(of: graph.nodes[variance], 0, "Mul"),
      Set(graph.nodes[square].inputs) == [division.inputs[0]],
      let mean = producer(of: graph.nodes[difference], 1, "ReduceMean"),
      graph.nodes[mean].inputs[0] == graph.nodes[difference].inputs[0],
      let shape = types.types[graph.nodes[mean].inputs[0]]?.shape, let axis = axis(of: mean, rank: shape.count),
      axis == self.axis(of: variance, rank: shape.count)
    else { return nil }
    let inner = [mean, difference, square, variance, sum, root]
    guard inner.allSatisfy({ readers[graph.nodes[$0].outputs[0]]?.count == ($0 == difference ? 2 : 1) }) else {
      return nil
    }
    var norm = WrittenOutNorm(
      nodes: inner.sorted() + [index], input: graph.nodes[mean].inputs[0], output: division.outputs[0], axis: axis,
      rank: shape.count, epsilon: epsilon, gains: [Float](repeating: 1, count: shape[axis]),
      offsets: [Float](repeating: 0, count: shape[axis]))
    if let gains = take("Mul", into: &norm) { norm.gains = gains }
    if let offsets = take("Add", into: &norm) { norm.offsets = offsets }
    return norm
  }

  /// The node behind an input, of the operator wanted.
  private func producer(of node: Node, _ index: Int, _ operation: String) -> Int? {
    guard let name = node.input(index), let producer = producers[name],
      graph.nodes[producer].operation == operation, graph.nodes[producer].domain.isEmpty
    else { return nil }
    return producer
  }

  /// The ReduceMean that has a small constant added.
  private func mean(plus sum: Node) -> (node: Int, epsilon: Float)? {
    for (index, other) in [(0, 1), (1, 0)] {
      if let mean = producer(of: sum, index, "ReduceMean"),
        let data = sum.input(other).flatMap({ types.constants[$0] }),
        data.elementType == .float, data.count == 1, data.floats[0] >= 0, data.floats[0].isFinite
      {
        return (mean, data.floats[0])
      }
    }
    return nil
  }

  /// The one axis that a ReduceMean takes away, kept as 1.
  private func axis(of index: Int, rank: Int) -> Int? {
    let node = graph.nodes[index]
    var axes: [Int]?
    if case .integers(let given)? = node.attributes["axes"] { axes = given }
    if let name = node.input(1) { axes = types.constants[name]?.integers }
    guard let axes, axes.count == 1, (try? node.integer("keepdims", default: 1, in: 0...1)) == 1 else { return nil }
    return try? node.axis(axes[0], rank: rank)
  }

  /// The constants that the norm's only reader multiplies by or adds, one for each number of the axis.
  private func take(_ operation: String, into norm: inout WrittenOutNorm) -> [Float]? {
    guard let next = readers[norm.output], next.count == 1, next[0] >= 0 else { return nil }
    let node = graph.nodes[next[0]]
    guard node.operation == operation, node.domain.isEmpty,
      let name = node.inputs.first(where: { $0 != norm.output }), let data = types.constants[name],
      data.elementType == .float, data.count == norm.gains.count
    else { return nil }
    // Aligned at the last axis, all but the norm's own of length 1.
    let along = data.shape.count - (norm.rank - norm.axis)
    guard data.shape.count <= norm.rank, along >= 0, data.shape[along] == data.count else { return nil }
    norm.nodes.append(next[0])
    norm.output = node.outputs[0]
    return data.floats
  }
}
