import RoadBase

extension ModelGraph {
  /// Says as one matrix product over the pixels what gathers pixels by constant indices and adds them up, the same for
  /// every channel: a pool whose cells do not divide the picture (PSPNet's, UPerNet's), as PyTorch's newer exporter
  /// writes it, cell by cell with GatherND.
  ///
  /// Whether it is such a product is found by computing: the matrix is what the nodes make of single pixels, and they
  /// must make the matrix's result of numbers that no structure explains. An average's weights are exact in 8 bits.
  public func recognisingSpatialMatrices() throws(RoadError) -> ModelGraph {
    guard nodes.contains(where: { $0.operation == "GatherND" }) else { return self }
    var graph = self
    let recognition = SpatialMatrixRecognition(self)
    for (index, node) in nodes.enumerated() where node.operation == "GatherND" {
      guard let found = recognition.matrix(gatheredAt: index),
        let position = graph.nodes.firstIndex(where: { $0.outputs == [found.output] })
      else { continue }
      graph.nodes.replaceSubrange(position...position, with: graph.product(found))
    }
    return graph.removingUnread()
  }

  private mutating func product(_ matrix: SpatialMatrix) -> [Node] {
    let name = matrix.output
    let parts = ["pixels/shape", "pixels", "matrix", "sums", "shape"].map { "\(name)/\($0)" }
    let (channels, pixels) = (matrix.source[1], matrix.source[2] * matrix.source[3])
    initializers[parts[0]] = TensorData(integers: [1, channels, pixels], shape: [3])
    initializers[parts[2]] = TensorData(floats: matrix.weights, shape: [pixels, matrix.weights.count / pixels])
    initializers[parts[4]] = TensorData(integers: matrix.result, shape: [matrix.result.count])
    func node(_ operation: String, _ inputs: [String], _ output: String) -> Node {
      Node(name: output, operation: operation, inputs: inputs, outputs: [output], attributes: [:])
    }
    return [
      node("Reshape", [matrix.input, parts[0]], parts[1]), node("MatMul", [parts[1], parts[2]], parts[3]),
      node("Reshape", [parts[3], parts[4]], name),
    ]
  }
}

private struct SpatialMatrix {
  let input: String
  /// 1, C, H, W.
  let source: [Int]
  let output: String
  let result: [Int]
  /// Row-major, a row for each pixel of the source, a column for each of the result.
  let weights: [Float]
}

private struct SpatialMatrixRecognition {
  /// What is linear in one input where the others are constant.
  private static let linear: Set<String> = [
    "Add", "Div", "Expand", "Flatten", "Gather", "GatherND", "Identity", "Mul", "ReduceMean", "ReduceSum", "Reshape",
    "Slice", "Squeeze", "Sub", "Transpose", "Unsqueeze", "Where",
  ]
  /// Larger pictures than these are no pyramid's.
  private static let (pixelLimit, cellLimit, passLimit) = (1 << 13, 1 << 10, 64)

  let graph: ModelGraph
  let types: GraphTypes
  let index: GraphIndex

  init(_ graph: ModelGraph) {
    self.graph = graph
    types = graph.inferringTypes().known
    index = GraphIndex(graph)
  }

  func matrix(gatheredAt gather: Int) -> SpatialMatrix? {
    guard let start = graph.nodes[gather].inputs.first, let (source, path) = picture(behind: start) else { return nil }
    let sums = region(from: gather)
    // The longest stretch that leaves by one value.
    for end in sums.reversed() {
      let inner = ancestors(of: end, within: sums)
      if isClosed(inner, but: end), let found = matrix(source, path + inner, to: graph.nodes[end].outputs[0]) {
        return found
      }
    }
    return nil
  }

  /// The picture that a value is a turned or reshaped view of, and the nodes from there to it.
  private func picture(behind value: String) -> (String, [Int])? {
    var (name, path) = (value, [Int]())
    while true {
      if let type = types[name], type.elementType == .float, type.shape.count == 4, type.shape[0] == 1 {
        return (name, path.reversed())
      }
      guard let producer = index.producer[name],
        ["Transpose", "Reshape", "Squeeze", "Unsqueeze"].contains(graph.nodes[producer].operation)
      else { return nil }
      path.append(producer)
      name = graph.nodes[producer].inputs[0]
    }
  }

  /// The gather and what is linear in it, in graph order.
  private func region(from gather: Int) -> [Int] {
    var (values, nodes) = (Set(graph.nodes[gather].outputs), [gather])
    guard isConstant(graph.nodes[gather].input(1)) else { return [] }
    for position in graph.nodes.indices.dropFirst(gather + 1) {
      let node = graph.nodes[position]
      guard Self.linear.contains(node.operation), node.domain.isEmpty, node.outputs.count == 1,
        node.inputs.contains(where: values.contains),
        node.inputs.allSatisfy({ $0.isEmpty || values.contains($0) || isConstant($0) })
      else { continue }
      values.insert(node.outputs[0])
      nodes.append(position)
    }
    return nodes
  }

  private func isConstant(_ name: String?) -> Bool { name.map { types.constants[$0] != nil } ?? false }

  private func ancestors(of end: Int, within region: [Int]) -> [Int] {
    var needed: Set<String> = Set(graph.nodes[end].outputs)
    return region.reversed().filter { position in
      let node = graph.nodes[position]
      guard node.outputs.contains(where: needed.contains) else { return false }
      needed.formUnion(node.inputs)
      return true
    }.reversed()
  }

  /// Whether nothing outside reads what these nodes compute on the way.
  private func isClosed(_ nodes: [Int], but end: Int) -> Bool {
    nodes.allSatisfy { position in
      position == end
        || graph.nodes[position].outputs.allSatisfy { name in
          !index.isGraphOutput(name) && (index.consumers[name] ?? []).allSatisfy(nodes.contains)
        }
    }
  }

  // MARK: - What the nodes compute

  private func matrix(_ source: String, _ nodes: [Int], to output: String) -> SpatialMatrix? {
    guard let shape = types[source]?.shape, let result = types[output]?.shape, result.count == 4, result[0] == 1,
      result[1] == shape[1]
    else { return nil }
    let (channels, pixels, cells) = (shape[1], shape[2] * shape[3], result[2] * result[3])
    guard channels > 0, (1...Self.pixelLimit).contains(pixels), (1...Self.cellLimit).contains(cells),
      (pixels + channels - 1) / channels <= Self.passLimit
    else { return nil }
    func computed(_ values: [Float]) -> [Float]? {
      evaluate(FloatTensor(shape: shape, values: values), as: source, through: nodes, to: output)
    }
    var weights = [Float](repeating: 0, count: pixels * cells)
    // Each channel carries one pixel.
    for first in stride(from: 0, to: pixels, by: channels) {
      var unit = [Float](repeating: 0, count: channels * pixels)
      let carried = min(channels, pixels - first)
      for channel in 0..<carried { unit[channel * pixels + first + channel] = 1 }
      guard let sums = computed(unit), sums.count == channels * cells else { return nil }
      for channel in 0..<carried {
        for cell in 0..<cells { weights[(first + channel) * cells + cell] = sums[channel * cells + cell] }
      }
    }
    let found = SpatialMatrix(input: source, source: shape, output: output, result: result, weights: weights)
    return isRight(found, computed) ? found : nil
  }

  /// Against numbers that no structure explains.
  private func isRight(_ matrix: SpatialMatrix, _ computed: ([Float]) -> [Float]?) -> Bool {
    let (channels, pixels) = (matrix.source[1], matrix.source[2] * matrix.source[3])
    let cells = matrix.weights.count / pixels
    var state: UInt32 = 1
    let numbers = (0..<channels * pixels).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(Int32(bitPattern: state) >> 16) / 32768
    }
    guard let found = computed(numbers) else { return false }
    return (0..<channels).allSatisfy { channel in
      (0..<cells).allSatisfy { cell in
        let sum = (0..<pixels).reduce(0) {
          $0 + Double(numbers[channel * pixels + $1]) * Double(matrix.weights[$1 * cells + cell])
        }
        return abs(sum - Double(found[channel * cells + cell])) <= 1e-4
      }
    }
  }

  private func evaluate(
    _ tensor: FloatTensor, as source: String, through nodes: [Int], to output: String
  ) -> [Float]? {
    var values: [String: TensorValue] = [source: .floats(tensor)]
    for position in nodes {
      let node = graph.nodes[position]
      let arguments = node.inputs.map { values[$0] ?? types.constants[$0].map { TensorValue($0) } }
      guard let evaluation = OperatorCatalogue[node.operation]?.evaluation,
        let results = try? evaluation(OperatorCall(node: node, opset: graph.opset, arguments: arguments)),
        let result = results.first
      else { return nil }
      values[node.outputs[0]] = result
    }
    guard case .floats(let result)? = values[output] else { return nil }
    return result.values
  }
}
