import RoadBase

/// Shapes of operators whose indices are a tensor of their own.
enum IndexShapes {
  static func gatherND(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let (data, indices) = (try context.input(0), try context.input(1))
    let batch = try context.node.integer("batch_dims", default: 0, in: 0...64)
    guard let depth = indices.shape.last, batch < indices.shape.count, depth > 0, batch + depth <= data.shape.count
    else { throw context.node.failure("indices of shape \(indices.shape) do not fit data of shape \(data.shape)") }
    return [TensorType(data.elementType, indices.shape.dropLast() + data.shape[(batch + depth)...])]
  }

  static func gatherElements(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    [TensorType(try context.input(0).elementType, try context.input(1).shape)]
  }

  static func columnsToImage(_ context: ShapeContext) throws(RoadError) -> [TensorType] {
    let input = try context.input(0)
    guard let image = try context.integers(1), let block = try context.integers(2) else {
      throw context.node.failure("the size of its picture or its blocks is missing")
    }
    let geometry = try ColumnsToImage(context.node, input: input.shape, image: image, block: block)
    return [TensorType(input.elementType, geometry.shape)]
  }
}
