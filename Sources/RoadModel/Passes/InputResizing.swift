import RoadBase

extension ModelGraph {
  /// A graph that was exported for one size of picture, made to run at another: exporters write the lengths that a
  /// Resize makes and a Slice keeps as numbers. What such a number is at the other size follows from the tensors that
  /// have it at the own size, as a network's stages are as long at whatever size.
  ///
  /// - Returns: the graph itself where it has no own size, or that one is asked for, or where some number fits no
  ///   tensor: then it runs at its own size only.
  package func resizedInput(to size: PictureSize?) -> ModelGraph {
    guard let size, let own = fixedPictureSize, own != size, nodes.contains(where: { hasFixedLengths($0) }) else {
      return self
    }
    var resizing = InputResizing(self, to: size)
    return resizing.run() ?? self
  }

  /// Height and width of the one picture that the model takes; nil where one of them is free.
  package var fixedPictureSize: PictureSize? {
    let free = inputs.filter { initializers[$0.name] == nil }
    guard free.count == 1, free[0].shape.count == 4, let height = free[0].shape[2], let width = free[0].shape[3] else {
      return nil
    }
    return PictureSize(width: width, height: height)
  }

  /// Whether a node makes or keeps lengths that stand in it as numbers.
  fileprivate func hasFixedLengths(_ node: Node) -> Bool {
    switch node.operation {
    case "Resize": node.input(3).map { initializers[$0]?.count == 4 } ?? false
    case "Slice": fixedCut(node) != nil
    default: false
    }
  }

  /// The axis along which a Slice keeps the first of the numbers, and how many; nil for any other Slice.
  fileprivate func fixedCut(_ node: Node) -> (axis: Int, length: Int)? {
    func single(_ index: Int) -> Int? {
      node.input(index).flatMap { initializers[$0]?.integers }.flatMap { $0.count == 1 ? $0[0] : nil }
    }
    guard node.operation == "Slice", single(1) == 0, let end = single(2), end > 0, let axis = single(3),
      (2...3).contains(axis),
      node.input(4) == nil || single(4) == 1
    else { return nil }
    return (axis, end)
  }
}

/// One walk through the graph at the other size, again as long as it gets further.
private struct InputResizing {
  private var graph: ModelGraph
  /// At the own size.
  private let own: GraphTypes
  /// At the other one, as far as it is known.
  private var known = GraphTypes()
  /// For rows and columns: what a length is at the other size.
  private var lengths: [[Int: Int]] = [[:], [:]]
  private var isDone: [Bool]
  /// Values that depend on the picture.
  private var varying: Set<String> = []

  init(_ graph: ModelGraph, to size: PictureSize) {
    own = graph.inferringTypes().known
    self.graph = graph
    isDone = [Bool](repeating: false, count: graph.nodes.count)
    known.constants = graph.initializers
    for (name, data) in graph.initializers { known.types[name] = TensorType(data.elementType, data.shape) }
    for index in graph.inputs.indices where graph.initializers[graph.inputs[index].name] == nil {
      self.graph.inputs[index].shape = [
        graph.inputs[index].shape[0] ?? 1, graph.inputs[index].shape[1] ?? 3, size.height, size.width,
      ]
      known.types[graph.inputs[index].name] = TensorType(
        graph.inputs[index].elementType, self.graph.inputs[index].shape.compactMap { $0 })
      learn(graph.inputs[index].name)
    }
  }

  mutating func run() -> ModelGraph? {
    var hasMoved = true
    while hasMoved {
      hasMoved = false
      for index in graph.nodes.indices where !isDone[index] && isReady(graph.nodes[index]) {
        guard let node = fitted(graph.nodes[index]) else { continue }
        guard (try? graph.infer(node, into: &known)) != nil else { return nil }
        graph.nodes[index] = node
        isDone[index] = true
        hasMoved = true
        guard node.inputs.contains(where: varying.contains) else { continue }
        for output in node.outputs where !output.isEmpty { learn(output) }
      }
    }
    return isDone.allSatisfy { $0 } ? graph : nil
  }

  private func isReady(_ node: Node) -> Bool { node.inputs.allSatisfy { $0.isEmpty || known.types[$0] != nil } }

  /// Takes the lengths of a value that depends on the picture down, at both sizes.
  private mutating func learn(_ name: String) {
    varying.insert(name)
    guard let before = own.types[name]?.shape, let after = known.types[name]?.shape, before.count == 4, after.count == 4
    else { return }
    for axis in 0..<2 {
      let (length, other) = (before[axis + 2], after[axis + 2])
      // The earlier tensor counts: what an encoder makes is what a decoder's numbers were taken from, while a
      // transposed convolution may make one row too many, which a Slice then takes off.
      if lengths[axis][length] == nil { lengths[axis][length] = other }
    }
  }

  /// The node with its numbers for the other size; nil where one is not known, perhaps only not yet.
  private mutating func fitted(_ node: Node) -> Node? {
    guard graph.hasFixedLengths(node) else { return node }
    var fitted = node
    if let (axis, length) = graph.fixedCut(node) {
      guard let other = lengths[axis - 2][length] else { return nil }
      fitted.inputs[2] = constant(node, "ends", [other])
      return fitted
    }
    guard let sizes = node.input(3).flatMap({ graph.initializers[$0]?.integers }), sizes.count == 4,
      let height = lengths[0][sizes[2]], let width = lengths[1][sizes[3]]
    else { return nil }
    fitted.inputs[3] = constant(node, "sizes", [sizes[0], sizes[1], height, width])
    return fitted
  }

  private mutating func constant(_ node: Node, _ part: String, _ numbers: [Int]) -> String {
    var name = "\(node.outputs[0])/\(part)"
    while graph.initializers[name] != nil || own.types[name] != nil { name += "_" }
    let data = TensorData(integers: numbers, shape: [numbers.count])
    graph.initializers[name] = data
    known.constants[name] = data
    known.types[name] = TensorType(data.elementType, data.shape)
    return name
  }
}
