import RoadBase

extension ModelGraph {
  /// Where only one of the two probabilities of a Softmax is read, for every pixel: the Sigmoid of the difference of
  /// the scores, which is the same number. The last such Softmax alone.
  func subtractingScoresOfTwo() -> ModelGraph {
    guard nodes.contains(where: { $0.operation == "Softmax" }) else { return self }
    let types = inferringTypes().known
    let layout = PixelLayout(self, types)
    let index = GraphIndex(self)
    for (position, softmax) in nodes.enumerated().reversed() where softmax.operation == "Softmax" {
      guard let scores = softmax.input(0), let shape = types[scores]?.shape,
        let reader = softmax.outputs.first.flatMap(index.soleConsumer(of:)),
        let taken = index.onlyRead(of: nodes[reader]), let result = types[taken]?.shape,
        layout.oneScore(result) != nil,
        let pick = SinglePick(nodes[reader], output: taken, of: shape, types.constants), shape[pick.axis] == 2,
        softmaxAxis(softmax, rank: shape.count) == pick.axis
      else { continue }
      var graph = self
      graph.replaceProbability(softmax: position, pick: reader, pick, of: scores, with: taken, result)
      return graph
    }
    return self
  }

  private func softmaxAxis(_ node: Node, rank: Int) -> Int? {
    guard let axis = try? node.integer("axis", default: opset < 13 ? 1 : -1, in: -rank...rank - 1) else { return nil }
    let own = axis < 0 ? axis + rank : axis
    // Until then over all axes behind it, too.
    return opset < 13 && own != rank - 1 ? nil : own
  }

  private mutating func replaceProbability(
    softmax: Int, pick reader: Int, _ pick: SinglePick, of scores: String, with taken: String, _ result: [Int]
  ) {
    let both = [unusedName("\(taken)/first"), unusedName("\(taken)/second")]
    let difference = unusedName("\(taken)/difference")
    let shaped = unusedName("\(taken)/shaped")
    let size = addConstant("\(taken)/shape", TensorData(integers: result))
    let ones = addConstant("\(taken)/sizes", TensorData(integers: [1, 1]))
    let chosen = pick.index == 0 ? both : both.reversed()
    let isOld = opset < 13
    var split = Node(
      name: both[0], operation: "Split", inputs: isOld ? [scores] : [scores, ones], outputs: both,
      attributes: ["axis": .integer(pick.axis)])
    if isOld { split.attributes["split"] = .integers([1, 1]) }
    nodes[reader] = Node(name: taken, operation: "Sigmoid", inputs: [shaped], outputs: [taken])
    nodes[softmax] = split
    nodes.insert(
      contentsOf: [
        Node(name: difference, operation: "Sub", inputs: Array(chosen), outputs: [difference]),
        Node(name: shaped, operation: "Reshape", inputs: [difference, size], outputs: [shaped]),
      ], at: softmax + 1)
  }
}

extension GraphIndex {
  /// The one of a node's outputs that anybody reads; nil where several are.
  fileprivate func onlyRead(of node: Node) -> String? {
    let read = node.outputs.filter { consumers[$0] != nil || isGraphOutput($0) }
    return read.count == 1 ? read[0] : nil
  }
}
