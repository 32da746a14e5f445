import RoadBase

/// Matrix products and reductions.
enum ReductionShapes {
  static func reduce(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let rank = input.shape.count
    let given = try context.axes(input: 1, rank: rank) ?? []
    let skips = try context.node.integer("noop_with_empty_axes", default: 0, in: 0...1) == 1
    let axes = given.isEmpty && !skips ? Array(0..<rank) : given
    let keeps = try context.node.integer("keepdims", default: 1, in: 0...1) == 1
    return [TensorType(input.elementType, reduced(input.shape, axes, keeps: keeps))]
  }

  static func argMax(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let axis = try context.node.axis(
      try context.node.integer("axis", default: 0, in: -64...64), rank: input.shape.count)
    let keeps = try context.node.integer("keepdims", default: 1, in: 0...1) == 1
    return [TensorType(.int64, reduced(input.shape, [axis], keeps: keeps))]
  }

  private static func reduced(_ shape: [Int], _ axes: [Int], keeps: Bool) -> [Int] {
    shape.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : shape[$0] }
  }

  static func einsum(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    guard context.node.inputs.count == 2, case .string(let equation)? = context.node.attributes["equation"] else {
      throw context.node.failure("only an equation of two tensors is supported")
    }
    let (left, right) = (try context.input(0), try context.input(1))
    guard let sums = EinsteinSum(equation, left: left.shape, right: right.shape) else {
      throw context.node.failure(
        "the equation '\(equation)' is no matrix product of tensors of shapes \(left.shape) and \(right.shape)")
    }
    return [TensorType(left.elementType, sums.lengths(sums.output))]
  }

  static func attention(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let queries = try context.input(0)
    for index in 1...3 where context.node.input(index) != nil { _ = try context.input(index) }
    guard let sizes = AttentionSizes(context.node, context.known) else {
      throw context.node.failure(
        "only attention over one picture is supported: queries, keys and values of three or four axes that fit, "
          + "without past or present keys")
    }
    return [TensorType(queries.elementType, sizes.shape)]
  }

  /// A vector is a row on the left, a column on the right, whose axis the result does not have.
  static func matMul(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let (left, right) = (try context.input(0), try context.input(1))
    let a = left.shape.count == 1 ? [1] + left.shape : left.shape
    let b = right.shape.count == 1 ? right.shape + [1] : right.shape
    guard a.count >= 2, b.count >= 2, a.last == b[b.count - 2],
      let batch = broadcastShape(Array(a.dropLast(2)), Array(b.dropLast(2)))
    else { throw context.node.failure("shapes \(left.shape) and \(right.shape) do not multiply") }
    let rows = left.shape.count == 1 ? [] : [a[a.count - 2]]
    let columns = right.shape.count == 1 ? [] : [b[b.count - 1]]
    return [TensorType(left.elementType, batch + rows + columns)]
  }

  static func gemm(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let left = try context.input(0)
    let right = try context.input(1)
    guard left.shape.count == 2, right.shape.count == 2 else {
      throw context.node.failure("shapes \(left.shape) and \(right.shape) are no matrices")
    }
    let a = try context.node.integer("transA", default: 0, in: 0...1) == 1 ? left.shape.reversed() : left.shape
    let b = try context.node.integer("transB", default: 0, in: 0...1) == 1 ? right.shape.reversed() : right.shape
    guard a[1] == b[0] else { throw context.node.failure("shapes \(a) and \(b) do not multiply") }
    return [TensorType(left.elementType, [a[0], b[1]])]
  }
}
