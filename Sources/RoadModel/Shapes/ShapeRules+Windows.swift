import RoadBase

/// Convolutions, pools and resizes.
enum WindowShapes {
  static func convolution(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let (input, weights, groups) = try operands(context, ranks: [3, 4])
    guard input.shape[1] == weights.shape[1] * groups, weights.shape[0].isMultiple(of: groups) else {
      throw context.node.failure(
        "weights \(weights.shape) in \(groups) groups do not fit an input of shape \(input.shape)")
    }
    try checkBias(context, channels: weights.shape[0])
    if input.shape.count == 3, let picture = context.node.overPicturesOfOneRow {
      let row = input.shape[..<2] + [1, input.shape[2]]
      let window = try SpatialWindow(node: picture, input: Array(row), kernel: [1, weights.shape[2]])
      return [TensorType(input.elementType, [input.shape[0], weights.shape[0], window.outputWidth])]
    }
    let window = try SpatialWindow(node: context.node, input: input.shape, kernel: Array(weights.shape[2...]))
    return [
      TensorType(input.elementType, [input.shape[0], weights.shape[0], window.outputHeight, window.outputWidth])
    ]
  }

  static func transposedConvolution(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let (input, weights, groups) = try operands(context, ranks: [3, 4])
    guard input.shape[1] == weights.shape[0], input.shape[1].isMultiple(of: groups) else {
      throw context.node.failure(
        "weights \(weights.shape) in \(groups) groups do not fit an input of shape \(input.shape)")
    }
    let channels = weights.shape[1] * groups
    try checkBias(context, channels: channels)
    if input.shape.count == 3, let picture = context.node.overPicturesOfOneRow {
      let row = input.shape[..<2] + [1, input.shape[2]]
      let window = try SpatialWindow(transposed: picture, input: Array(row), kernel: [1, weights.shape[2]])
      return [TensorType(input.elementType, [input.shape[0], channels, window.outputWidth])]
    }
    let window = try SpatialWindow(
      transposed: context.node, input: input.shape, kernel: Array(weights.shape[2...]))
    return [TensorType(input.elementType, [input.shape[0], channels, window.outputHeight, window.outputWidth])]
  }

  private static func operands(
    _ context: ShapeContext, ranks: Set<Int> = [4]
  ) throws(RoadError) -> (input: TensorType, weights: TensorType, groups: Int) {
    let input = try context.input(0)
    let weights = try context.input(1)
    guard ranks.contains(input.shape.count), weights.shape.count == input.shape.count, weights.count > 0 else {
      throw context.node.failure(
        "only convolutions over pictures and lines are supported, not input \(input.shape), weights \(weights.shape)")
    }
    return (input, weights, try context.node.integer("group", default: 1, in: 1...(1 << 20)))
  }

  private static func checkBias(_ context: ShapeContext, channels: Int) throws(RoadError) {
    guard context.node.input(2) != nil else { return }
    let bias = try context.input(2).shape
    guard bias == [channels] else { throw context.node.failure("a bias of shape \(bias) for \(channels) channels") }
  }

  static func pool(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    if input.shape.count == 3, let picture = context.node.overPicturesOfOneRow {
      let window = try SpatialWindow(node: picture, input: [input.shape[0], input.shape[1], 1, input.shape[2]])
      let shape = [input.shape[0], input.shape[1], window.outputWidth]
      return [TensorType(input.elementType, shape), TensorType(.int64, shape)]
    }
    let window = try SpatialWindow(node: context.node, input: input.shape)
    let shape = [input.shape[0], input.shape[1], window.outputHeight, window.outputWidth]
    return [TensorType(input.elementType, shape), TensorType(.int64, shape)]
  }

  static func globalPool(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    guard (3...4).contains(input.shape.count), input.count > 0 else {
      throw context.node.failure("its input has shape \(input.shape), neither a picture NCHW nor a line NCW")
    }
    let ones = [Int](repeating: 1, count: input.shape.count - 2)
    return [TensorType(input.elementType, input.shape[..<2] + ones)]
  }

  static func resize(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let geometry = try ResizeGeometry(node: context.node, input: input.shape) { context.constant($0) }
    return [TensorType(input.elementType, geometry.output)]
  }

  /// Its third input, where there is one, is the shape of the result.
  static func unpool(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let indices = try context.input(1)
    var shape = try UnpoolGeometry.natural(node: context.node, input: input.shape)
    if let given = try context.integers(2) { shape = given }
    guard indices.shape == input.shape, shape.count == 4, shape[..<2] == input.shape[..<2] else {
      throw context.node.failure(
        "values \(input.shape) and indices \(indices.shape) do not go into the shape \(shape.prefix(8))")
    }
    return [TensorType(input.elementType, shape)]
  }

  static func gridSample(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let grid = try context.input(1)
    guard input.shape.count == 4, grid.shape.count == 4, grid.shape[0] == input.shape[0], grid.shape[3] == 2 else {
      throw context.node.failure("a grid of shape \(grid.shape) does not fit an input of shape \(input.shape)")
    }
    return [TensorType(input.elementType, Array(input.shape[..<2]) + Array(grid.shape[1...2]))]
  }

  static func depthToSpace(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let block = try context.node.integer("blocksize", default: 1, in: 1...1024)
    guard input.shape.count == 4, input.shape[1].isMultiple(of: block * block) else {
      throw context.node.failure("blocks of \(block) do not fit an input of shape \(input.shape)")
    }
    let shape = input.shape
    return [
      TensorType(input.elementType, [shape[0], shape[1] / (block * block), shape[2] * block, shape[3] * block])
    ]
  }

  static func spaceToDepth(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    let block = try context.node.integer("blocksize", default: 1, in: 1...1024)
    guard input.shape.count == 4, input.shape[2].isMultiple(of: block), input.shape[3].isMultiple(of: block) else {
      throw context.node.failure("blocks of \(block) do not fit an input of shape \(input.shape)")
    }
    let shape = input.shape
    return [TensorType(input.elementType, [shape[0], shape[1] * block * block, shape[2] / block, shape[3] / block])]
  }
}
