import RoadBase

/// Operators whose output has the shape of their input, or the shape that their inputs broadcast to.
enum ElementwiseShapes {
  static func same(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    return [input, TensorType(.bool, input.shape)]
  }

  static func binary(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let left = try context.input(0)
    let right = try context.input(1)
    return [TensorType(left.elementType, try broadcast(context, left.shape, right.shape))]
  }

  static func comparison(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let shape = try broadcast(context, try context.input(0).shape, try context.input(1).shape)
    return [TensorType(.bool, shape)]
  }

  static func variadic(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    var result = try context.input(0)
    for index in context.node.inputs.indices.dropFirst() {
      result.shape = try broadcast(context, result.shape, try context.input(index).shape)
    }
    return [result]
  }

  static func selection(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let chosen = try context.input(1)
    let shape = try broadcast(context, chosen.shape, try context.input(2).shape)
    return [TensorType(chosen.elementType, try broadcast(context, shape, try context.input(0).shape))]
  }

  static func cast(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let code = try context.node.integer("to", default: 0, in: 0...1000)
    guard let type = ElementType(rawValue: code) else {
      throw context.node.failure("a cast to element type \(code) is not supported")
    }
    return [TensorType(type, try context.input(0).shape)]
  }

  static func quantize(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let type = context.node.input(2) == nil ? .uint8 : try context.input(2).elementType
    try checkScale(context)
    return [TensorType(type, try context.input(0).shape)]
  }

  static func dequantize(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    try checkScale(context)
    return [TensorType(.float, try context.input(0).shape)]
  }

  /// One scale, or one for each entry of `axis`; the zero-point has the scale's shape.
  private static func checkScale(_ context: ShapeContext) throws(RoadError) {
    let input = try context.input(0).shape
    let scale = try context.input(1).shape
    guard scale.count <= 1 else {
      throw context.node.failure("a scale of shape \(scale); per tensor and per axis are supported, blocks are not")
    }
    if context.node.input(2) != nil, try context.input(2).count != max(1, scale.reduce(1, *)) {
      throw context.node.failure("its zero-point has another shape than its scale \(scale)")
    }
    guard scale.count == 1, scale[0] != 1 else { return }
    let axis = try context.node.axis(try context.node.integer("axis", default: 1, in: -8...8), rank: input.count)
    guard scale[0] == input[axis] else {
      throw context.node.failure("\(scale[0]) scales for axis \(axis) of an input of shape \(input)")
    }
  }

  static func batchNormalization(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    guard input.shape.count >= 2 else { throw context.node.failure("its input has shape \(input.shape)") }
    for index in 1...4 {
      let shape = try context.input(index).shape
      guard shape == [input.shape[1]] else {
        throw context.node.failure("input \(index) has shape \(shape) for \(input.shape[1]) channels")
      }
    }
    return [input]
  }

  static func instanceNormalization(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    guard input.shape.count >= 3 else { throw context.node.failure("its input has shape \(input.shape)") }
    for index in 1...2 {
      let shape = try context.input(index).shape
      guard shape == [input.shape[1]] else {
        throw context.node.failure("input \(index) has shape \(shape) for \(input.shape[1]) channels")
      }
    }
    return [input]
  }

  static func layerNormalization(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let given = try context.node.integer("axis", default: -1, in: -64...64)
    let axis = try context.node.axis(given, rank: input.shape.count)
    for index in 1...2 where context.node.input(index) != nil {
      let count = try context.input(index).shape.reduce(1, *)
      guard count == input.shape[axis...].reduce(1, *) else {
        throw context.node.failure("input \(index) has \(count) numbers for an input of shape \(input.shape)")
      }
    }
    let statistics = input.shape.indices.map { $0 < axis ? input.shape[$0] : 1 }
    return [input, TensorType(.float, statistics), TensorType(.float, statistics)]
  }

  private static func broadcast(
    _ context: ShapeContext, _ left: [Int], _ right: [Int]
  ) throws(RoadError) -> [Int] {
    guard let shape = broadcastShape(left, right) else {
      throw context.node.failure("shapes \(left) and \(right) do not broadcast")
    }
    return shape
  }
}
