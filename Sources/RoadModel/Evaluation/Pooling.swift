import RoadBase

/// MaxPool, AveragePool (both ways of counting padding) and the global pools.
enum PoolingOperators {
  static func maximum(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    if call.node.outputs.dropFirst().contains(where: { !$0.isEmpty }) {
      return try UnpoolingOperators.maximumWithIndices(call)
    }
    return try pool(call) { values, _ in values.reduce(-.infinity, max) }
  }

  static func average(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let countsPadding = call.integer("count_include_pad", default: 0) != 0
    return try pool(call) { values, padded in values.reduce(0, +) / Float(countsPadding ? padded : values.count) }
  }

  static func globalMaximum(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let area = input.shape[2] * input.shape[3]
    let peaks = (0..<input.shape[0] * input.shape[1]).map { plane in
      input.values[plane * area..<(plane + 1) * area].reduce(-.infinity, max)
    }
    return [.floats(FloatTensor(shape: [input.shape[0], input.shape[1], 1, 1], values: peaks))]
  }

  static func globalAverage(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let area = input.shape[2] * input.shape[3]
    let means = (0..<input.shape[0] * input.shape[1]).map { plane in
      input.values[plane * area..<(plane + 1) * area].reduce(0, +) / Float(area)
    }
    return [.floats(FloatTensor(shape: [input.shape[0], input.shape[1], 1, 1], values: means))]
  }

  /// - Parameter reduce: the values inside the input, and how many positions lie inside input and padding together.
  private static func pool(_ call: OperatorCall, _ reduce: ([Float], Int) -> Float) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let window = try SpatialWindow(node: call.node, input: input.shape)
    let (height, width) = (input.shape[2], input.shape[3])
    // What ceil_mode adds behind the given padding counts for nothing.
    let isGiven = call.string("auto_pad", default: "NOTSET") == "NOTSET"
    let pads = isGiven ? call.integers(named: "pads") ?? [0, 0, 0, 0] : [0, 0, window.padBottom, window.padRight]
    let planes = input.shape[0] * input.shape[1]
    var output = FloatTensor(shape: [input.shape[0], input.shape[1], window.outputHeight, window.outputWidth])
    var inside: [Float] = []
    var index = 0
    for plane in 0..<planes {
      for y in 0..<window.outputHeight {
        for x in 0..<window.outputWidth {
          inside.removeAll(keepingCapacity: true)
          var padded = 0
          for ky in 0..<window.kernelHeight {
            let row = y * window.strideHeight + ky * window.dilationHeight - window.padTop
            guard row < height + pads[2] else { continue }
            for kx in 0..<window.kernelWidth {
              let column = x * window.strideWidth + kx * window.dilationWidth - window.padLeft
              guard column < width + pads[3] else { continue }
              padded += 1
              guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
              inside.append(input.values[(plane * height + row) * width + column])
            }
          }
          output.values[index] = reduce(inside, padded)
          index += 1
        }
      }
    }
    return [.floats(output)]
  }
}
