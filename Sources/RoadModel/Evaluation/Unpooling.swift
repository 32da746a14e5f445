import RoadBase

/// MaxPool that tells where its maxima were, and MaxUnpool that puts values back there.
enum UnpoolingOperators {
  /// Indices count through the whole input tensor, N, C, H, W (`storage_order` 0).
  static func maximumWithIndices(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    guard call.integer("storage_order", default: 0) == 0 else { throw call.failure("storage_order 1") }
    let window = try SpatialWindow(node: call.node, input: input.shape)
    let (height, width) = (input.shape[2], input.shape[3])
    let shape = [input.shape[0], input.shape[1], window.outputHeight, window.outputWidth]
    var output = FloatTensor(shape: shape)
    var indices = [Int](repeating: 0, count: output.values.count)
    var position = 0
    for plane in 0..<shape[0] * shape[1] {
      for y in 0..<window.outputHeight {
        for x in 0..<window.outputWidth {
          var best = (value: -Float.infinity, index: plane * height * width)
          for tapY in 0..<window.kernelHeight {
            let row = y * window.strideHeight + tapY * window.dilationHeight - window.padTop
            guard (0..<height).contains(row) else { continue }
            for tapX in 0..<window.kernelWidth {
              let column = x * window.strideWidth + tapX * window.dilationWidth - window.padLeft
              guard (0..<width).contains(column) else { continue }
              let index = (plane * height + row) * width + column
              if input.values[index] > best.value { best = (input.values[index], index) }
            }
          }
          output.values[position] = best.value
          indices[position] = best.index
          position += 1
        }
      }
    }
    return [.floats(output), .integers(shape: shape, values: indices)]
  }

  /// Everything else is zero. With an output shape the indices are those of the tensor without it, as ONNX Runtime
  /// reads them: they count through the output.
  static func unpool(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let indices = try call.integers(1)
    var shape = try UnpoolGeometry.natural(node: call.node, input: input.shape)
    if call.has(2) { shape = try call.integers(2) }
    guard indices.count == input.values.count else {
      throw call.failure("\(indices.count) indices for \(input.values.count) values")
    }
    guard shape.count == 4, let count = ShapeLimits.count(shape), indices.allSatisfy({ (0..<count).contains($0) })
    else {
      throw call.failure("indices that do not lie in the output of shape \(shape.prefix(8))")
    }
    var output = FloatTensor(shape: shape)
    for (index, value) in zip(indices, input.values) { output.values[index] = value }
    return [.floats(output)]
  }
}
