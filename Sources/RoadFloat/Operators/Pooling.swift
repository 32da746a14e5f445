import RoadBase

/// MaxPool, AveragePool (both ways of counting padding) and GlobalAveragePool.
enum PoolingOperators {
  static func maximum(_ call: OperatorCall) throws(RoadError) -> [Value] {
    if call.node.outputs.dropFirst().contains(where: { !$0.isEmpty }) {
      return try UnpoolingOperators.maximumWithIndices(call)
    }
    return try pool(call) { values, _ in values.reduce(-.infinity, max) }
  }

  static func average(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let countsPadding = call.integer("count_include_pad", default: 0) != 0
    return try pool(call) { values, padded in values.reduce(0, +) / Float(countsPadding ? padded : values.count) }
  }

  static func globalAverage(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let input = try call.picture(0)
    let area = input.shape[2] * input.shape[3]
    let means = (0..<input.shape[0] * input.shape[1]).map { plane in
      input.values[plane * area..<(plane + 1) * area].reduce(0, +) / Float(area)
    }
    return [.floats(FloatTensor(shape: [input.shape[0], input.shape[1], 1, 1], values: means))]
  }

  /// - Parameter reduce: the values inside the input, and how many positions lie inside input and padding together.
  private static func pool(_ call: OperatorCall, _ reduce: ([Float], Int) -> Float) throws(RoadError) -> [Value] {
    let input = try call.picture(0)
    guard let kernel = call.integers(named: "kernel_shape") else { throw call.failure("no kernel_shape") }
    let window = try SlidingWindow(call, input: input.shape, kernel: kernel)
    let pads = call.integers(named: "pads") ?? [0, 0, 0, 0]
    let planes = input.shape[0] * input.shape[1]
    var output = FloatTensor(shape: [input.shape[0], input.shape[1], window.outputHeight, window.outputWidth])
    var inside: [Float] = []
    var index = 0
    for plane in 0..<planes {
      for y in 0..<window.outputHeight {
        for x in 0..<window.outputWidth {
          inside.removeAll(keepingCapacity: true)
          var padded = 0
          for ky in 0..<kernel[0] {
            let row = y * window.strides[0] + ky * window.dilations[0] - window.padTop
            guard row < window.height + (pads.count == 4 ? pads[2] : 0) else { continue }
            for kx in 0..<kernel[1] {
              let column = x * window.strides[1] + kx * window.dilations[1] - window.padLeft
              guard column < window.width + (pads.count == 4 ? pads[3] : 0) else { continue }
              padded += 1
              guard (0..<window.height).contains(row), (0..<window.width).contains(column) else { continue }
              inside.append(input.values[(plane * window.height + row) * window.width + column])
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
