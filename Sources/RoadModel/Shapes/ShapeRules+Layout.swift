import RoadBase

/// Operators that move elements without computing: reshapes, slices, concatenations, shape arithmetic.
enum LayoutShapes {
  static func constant(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let value = try ConstantEvaluation.constant(context.node)
    return [TensorType(value.elementType, value.shape)]
  }

  static func constantOfShape(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    var type = ElementType.float
    if case .tensor(let value)? = context.node.attributes["value"] { type = value.elementType }
    return [TensorType(type, try context.integers(0) ?? [])]
  }

  static func shape(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    [
      TensorType(
        .int64, [try ConstantEvaluation.shapeRange(context.node, rank: try context.input(0).shape.count).count])
    ]
  }

  static func size(_ context: ShapeContext) throws(RoadError) -> [TensorType] { [TensorType(.int64, [])] }

  static func reshape(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    guard let wanted = try context.integers(1), wanted.count <= ONNXReader.rankLimit else {
      throw context.node.failure("it has no usable target shape")
    }
    let keepsZero = try context.node.integer("allowzero", default: 0, in: 0...1) == 1
    var shape: [Int] = []
    for (axis, size) in wanted.enumerated() {
      shape.append(size == 0 && !keepsZero && axis < input.shape.count ? input.shape[axis] : size)
    }
    if let free = shape.firstIndex(of: -1) {
      shape[free] = 1
      guard let rest = ShapeLimits.count(shape), rest > 0 else { throw mismatch(context, input, wanted) }
      shape[free] = input.count / rest
    }
    guard ShapeLimits.count(shape) == input.count else { throw mismatch(context, input, wanted) }
    return [TensorType(input.elementType, shape)]
  }

  private static func mismatch(_ context: ShapeContext, _ input: TensorType, _ wanted: [Int]) -> RoadError {
    context.node.failure("an input of shape \(input.shape) cannot take the shape \(wanted.prefix(8))")
  }

  static func flatten(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let rank = input.shape.count
    var axis = try context.node.integer("axis", default: min(1, rank), in: -rank...rank)
    if axis < 0 { axis += rank }
    return [
      TensorType(input.elementType, [input.shape[..<axis].reduce(1, *), input.shape[axis...].reduce(1, *)])
    ]
  }

  static func transpose(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let order = try context.node.permutation(rank: input.shape.count)
    return [TensorType(input.elementType, order.map { input.shape[$0] })]
  }

  static func squeeze(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let rank = input.shape.count
    let axes = try context.axes(input: 1, rank: rank) ?? input.shape.indices.filter { input.shape[$0] == 1 }
    guard axes.allSatisfy({ input.shape[$0] == 1 }) else {
      throw context.node.failure("axes \(axes) of shape \(input.shape) are not all 1")
    }
    return [TensorType(input.elementType, input.shape.indices.filter { !axes.contains($0) }.map { input.shape[$0] })]
  }

  static func unsqueeze(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    var count = try context.node.integers("axes", default: [], in: -64...64).count
    if let given = try context.integers(1) { count = given.count }
    let rank = input.shape.count + count
    guard count > 0, rank <= ONNXReader.rankLimit, let axes = try context.axes(input: 1, rank: rank) else {
      throw context.node.failure("it has no usable axes")
    }
    var rest = input.shape.makeIterator()
    return [TensorType(input.elementType, (0..<rank).map { axes.contains($0) ? 1 : rest.next() ?? 1 })]
  }

  static func slice(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let cuts = try SliceGeometry(node: context.node, input: input.shape) { context.constant($0) }
    return [TensorType(input.elementType, cuts.view(of: input.shape).shape)]
  }

  static func split(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let axis = try context.node.axis(
      try context.node.integer("axis", default: 0, in: -64...64), rank: input.shape.count)
    let parts = context.node.outputs.count
    var given = try context.node.integers("split", default: [], in: 0...ShapeLimits.dimension)
    if let sizes = try context.integers(1) { given = sizes }
    let chunk = (input.shape[axis] + parts - 1) / parts
    let sizes = given.isEmpty ? (0..<parts).map { min(chunk, input.shape[axis] - $0 * chunk) } : given
    guard sizes.count == parts, sizes.allSatisfy({ (0...input.shape[axis]).contains($0) }),
      sizes.reduce(0, +) == input.shape[axis]
    else {
      throw context.node.failure("parts \(sizes.prefix(8)) do not make up axis \(axis) of shape \(input.shape)")
    }
    return sizes.map {
      var part = input
      part.shape[axis] = $0
      return part
    }
  }

  static func concat(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    var result = try context.input(0)
    let axis = try context.node.axis(
      try context.node.integer("axis", default: 0, in: -64...64), rank: result.shape.count)
    for index in context.node.inputs.indices.dropFirst() {
      let next = try context.input(index)
      var aligned = next.shape
      if aligned.count == result.shape.count { aligned[axis] = result.shape[axis] }
      guard aligned == result.shape else {
        throw context.node.failure(
          "input \(index) of shape \(next.shape) does not join \(result.shape) along axis \(axis)")
      }
      result.shape[axis] += next.shape[axis]
    }
    return [result]
  }

  static func gather(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let data = try context.input(0)
    let indices = try context.input(1)
    let axis = try context.node.axis(
      try context.node.integer("axis", default: 0, in: -64...64), rank: data.shape.count)
    return [TensorType(data.elementType, data.shape[..<axis] + indices.shape + data.shape[(axis + 1)...])]
  }

  static func expand(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    guard let wanted = try context.integers(1), let shape = broadcastShape(input.shape, wanted) else {
      throw context.node.failure("an input of shape \(input.shape) does not expand to the shape asked for")
    }
    return [TensorType(input.elementType, shape)]
  }

  static func tile(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let counts = try context.integers(1) ?? []
    guard counts.count == input.shape.count, counts.allSatisfy({ (0...ShapeLimits.dimension).contains($0) }) else {
      throw context.node.failure("repeats \(counts.prefix(8)) for an input of shape \(input.shape)")
    }
    return [TensorType(input.elementType, zip(input.shape, counts).map { $0 * $1 })]
  }

  static func pad(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let rank = input.shape.count
    let axes = try context.axes(input: 3, rank: rank) ?? Array(0..<rank)
    guard let pads = try context.integers(1), pads.count == 2 * axes.count,
      pads.allSatisfy({ (-ShapeLimits.dimension...ShapeLimits.dimension).contains($0) })
    else { throw context.node.failure("its pads do not fit an input of shape \(input.shape)") }
    var result = input
    for (index, axis) in axes.enumerated() { result.shape[axis] += pads[index] + pads[axes.count + index] }
    return [result]
  }

  static func range(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    throw context.node.failure("its limits are not constant, so its output has no fixed shape")
  }
}

extension Node {
  /// The attribute `perm` of a Transpose; the reverse order by default.
  public func permutation(rank: Int) throws(RoadError) -> [Int] {
    let order = try integers("perm", count: rank, default: Array((0..<rank).reversed()), in: 0...max(rank - 1, 0))
    guard Set(order).count == rank else { throw failure("perm \(order) is no permutation") }
    return order
  }
}
