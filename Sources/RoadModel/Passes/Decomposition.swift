import RoadBase

/// Writes a node's replacement and tells whether it did.
typealias Decomposition = @Sendable (Node, inout DecompositionWriter) -> Bool

extension ModelGraph {
  /// Says with simpler operators what some rarer ones say, so that only the simpler ones need kernels:
  /// - Min, Max and Sum of one input or more than two, Mean: pairs,
  /// - Gemm with alpha and beta on constants: scaled constants; with an addend that differs by row: an Add,
  /// - Pow by 1, 2 or ½: the input, its square, its square root,
  /// - ReduceL1, ReduceSumSquare: sums of absolutes or squares,
  /// - Tile: Expand of single numbers, Concat of the rest,
  /// - PRelu with slopes that differ over the picture: `max(x, 0) + slope·min(x, 0)`,
  /// - an If whose condition is known: its branch,
  /// - Gather and GatherND of constant indices: of a list of them, where they are scattered a Concat of slices,
  /// - convolutions and pools over lines (ECA-Net's, over channels): over pictures of one row,
  /// - moves of dequantized constants: dequantized moved integers,
  /// - MatMul with a vector: with a matrix; Concat with parts without elements: without them,
  /// - comparisons of activations, and what is made of truths: arithmetic of 0 and 1,
  /// - GroupNormalization: InstanceNormalization of the groups,
  /// - LpNormalization: a division by the norm,
  /// - Einsum of two tensors: a matrix product,
  /// - ReduceSum of stacked tensors: Adds,
  /// - Col2Im of blocks side by side: a DepthToSpace,
  /// - Attention: two matrix products with a softmax between them.
  public func decomposed() throws(RoadError) -> ModelGraph { try selectingBranches().decomposedNodes() }

  private func decomposedNodes() throws(RoadError) -> ModelGraph {
    let types = inferringTypes().known
    var writer = DecompositionWriter(graph: self, types: types)
    for node in nodes {
      guard node.domain.isEmpty, node.outputs.dropFirst().allSatisfy(\.isEmpty), node.outputs.first?.isEmpty == false,
        let decompose = OperatorCatalogue[node.operation]?.decomposition, decompose(node, &writer)
      else {
        writer.nodes.append(node)
        continue
      }
    }
    guard writer.hasChanged else { return self }
    var graph = self
    graph.nodes = writer.nodes
    graph.initializers = writer.initializers
    return graph.removingUnread()
  }

  @Sendable static func chain(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count != 2, let first = node.inputs.first, !node.inputs.contains("") else { return false }
    writer.chain(node, node.operation == "Sum" ? "Add" : node.operation, from: first, to: node.outputs[0])
    return true
  }

  @Sendable static func mean(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let first = node.inputs.first, !node.inputs.contains("") else { return false }
    let sum = writer.name(node, "sum")
    writer.chain(node, "Add", from: first, to: sum)
    let share = writer.constant(node, "share", TensorData(floats: [1 / Float(node.inputs.count)], shape: []))
    writer.append(node, "Mul", [sum, share], to: node.outputs[0])
    return true
  }

  @Sendable static func plainGemm(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    addsOfRows(node, &writer) || scaleGemm(node, &writer)
  }

  /// What a Gemm adds that is not one number a column: an Add of its own.
  private static func addsOfRows(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let addend = writer.floats(node, 2), addend.shape.dropLast().contains(where: { $0 != 1 }),
      let beta = try? node.float("beta", default: 1)
    else { return false }
    var product = node
    product.inputs.removeLast()
    product.attributes["beta"] = nil
    product.outputs[0] = writer.name(node, "product")
    if !scaleGemm(product, &writer) { writer.replace(with: product) }
    let scaled = writer.constant(node, "addend", addend.scaled(by: beta))
    writer.append(node, "Add", [product.outputs[0], scaled], to: node.outputs[0])
    return true
  }

  private static func scaleGemm(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let alpha = try? node.float("alpha", default: 1), let beta = try? node.float("beta", default: 1),
      alpha != 1 || beta != 1 && node.input(2) != nil,
      let matrix = writer.floats(node, 1), node.input(2) == nil || writer.floats(node, 2) != nil
    else { return false }
    var scaled = node
    scaled.attributes["alpha"] = nil
    scaled.attributes["beta"] = nil
    scaled.inputs[1] = writer.constant(node, "b", matrix.scaled(by: alpha))
    if let addend = writer.floats(node, 2) { scaled.inputs[2] = writer.constant(node, "c", addend.scaled(by: beta)) }
    writer.replace(with: scaled)
    return true
  }

  @Sendable static func power(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let exponent = writer.floats(node, 1), exponent.count == 1, exponent.shape.count <= 1 else { return false }
    let (base, result) = (node.inputs[0], node.outputs[0])
    switch exponent.floats[0] {
    case 1: writer.append(node, "Identity", [base], to: result)
    case 2: writer.append(node, "Mul", [base, base], to: result)
    case 0.5: writer.append(node, "Sqrt", [base], to: result)
    default: return false
    }
    return true
  }

  @Sendable static func absoluteSum(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    writer.sum(node, of: "Abs", [node.inputs[0]])
  }

  @Sendable static func squareSum(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    writer.sum(node, of: "Mul", [node.inputs[0], node.inputs[0]])
  }

  @Sendable static func slopes(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 2, let shape = writer.floats(node, 1)?.shape else { return false }
    // One slope, or one a channel, is a table of its own.
    guard shape.enumerated().contains(where: { $1 != 1 && $0 != shape.count - 3 }) else { return false }
    let (input, slope) = (node.inputs[0], node.inputs[1])
    let (above, below, scaled) = (writer.name(node, "above"), writer.name(node, "below"), writer.name(node, "scaled"))
    writer.append(node, "Relu", [input], to: above)
    writer.append(node, "Sub", [input, above], to: below)
    writer.append(node, "Mul", [below, slope], to: scaled)
    writer.append(node, "Add", [above, scaled], to: node.outputs[0])
    return true
  }

  @Sendable static func tile(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let shape = writer.types[node.inputs[0]]?.shape,
      let repeats = node.input(1).flatMap({ writer.types.constants[$0] }),
      let counts = repeats.integers, counts.count == shape.count, counts.allSatisfy({ (1...4096).contains($0) })
    else { return false }
    var value = node.inputs[0]
    let spread = zip(shape, counts).map { $0 == 1 ? $1 : $0 }
    let copied = shape.indices.filter { shape[$0] != 1 && counts[$0] > 1 }
    guard copied.allSatisfy({ counts[$0] <= 64 }) else { return false }
    if spread != shape {
      let target = writer.constant(node, "shape", TensorData(integers: spread, shape: [spread.count]))
      let result = copied.isEmpty ? node.outputs[0] : writer.name(node, "expanded")
      writer.append(node, "Expand", [value, target], to: result)
      value = result
    }
    for axis in copied {
      let result = axis == copied.last ? node.outputs[0] : writer.name(node, "axis\(axis)")
      writer.append(
        node, "Concat", [String](repeating: value, count: counts[axis]), to: result, ["axis": .integer(axis)])
      value = result
    }
    if value == node.inputs[0] { writer.append(node, "Identity", [value], to: node.outputs[0]) }
    return true
  }
}

extension TensorData {
  fileprivate func scaled(by factor: Float) -> TensorData {
    TensorData(floats: floats.map { $0 * factor }, shape: shape)
  }
}
