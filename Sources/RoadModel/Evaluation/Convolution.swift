import RoadBase

/// ONNX Conv, 2-D: any group, stride, dilation and asymmetric padding.
///
/// Some rows at a time: the taps of their pixels are laid out as a matrix of `inputChannels · kernel` rows, then
/// multiplied by the weights, see ``FloatProduct``.
enum ConvolutionOperator {
  static func compute(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let weights = try call.picture(1)
    let bias = call.has(2) ? try call.floats(2).values : [Float](repeating: 0, count: weights.shape[0])
    let window = try SpatialWindow(node: call.node, input: input.shape, kernel: Array(weights.shape[2...]))
    let groups = call.integer("group", default: 1)
    guard groups > 0, input.shape[1] == weights.shape[1] * groups, weights.shape[0] % groups == 0,
      bias.count == weights.shape[0]
    else {
      throw call.failure(
        "weights of shape \(weights.shape), \(bias.count) biases and \(groups) groups do not fit input \(input.shape)")
    }
    var output = FloatTensor(shape: [input.shape[0], weights.shape[0], window.outputHeight, window.outputWidth])
    if groups == input.shape[1], groups == weights.shape[0] {
      DepthwisePass(input: input, weights: weights, bias: bias, window: window).run(into: &output)
    } else {
      ConvolutionPass(input: input, weights: weights, bias: bias, window: window, groups: groups).run(into: &output)
    }
    return [.floats(output)]
  }
}

private struct ConvolutionPass {
  let input: FloatTensor
  let weights: FloatTensor
  let bias: [Float]
  let window: SpatialWindow
  let groups: Int

  /// Floats of a chunk's matrix of taps: with the weights of four channels it stays in the second-level cache.
  private static let chunk = 128 * 1024

  func run(into output: inout FloatTensor) {
    let depth = weights.shape[1] * window.taps
    // Rows of the output that share one read of the weights.
    let rows = min(max(Self.chunk / (depth * window.outputWidth), 48 / window.outputWidth, 1), window.outputHeight)
    let chunks = (window.outputHeight + rows - 1) / rows
    output.values.withUnsafeMutableBufferPointer { values in
      guard let out = values.baseAddress else { return }
      input.values.withUnsafeBufferPointer { source in
        weights.values.withUnsafeBufferPointer { taps in
          guard let source = source.baseAddress, let taps = taps.baseAddress else { return }
          parallel(input.shape[0] * chunks) {
            let first = $0 % chunks * rows
            let end = min(first + rows, window.outputHeight)
            chunk(picture: $0 / chunks, rows: first..<end, source, taps, out)
          }
        }
      }
    }
  }

  /// Some output rows of one picture, all channels.
  private func chunk(
    picture: Int, rows: Range<Int>, _ source: UnsafePointer<Float>, _ taps: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    let inputs = weights.shape[1]
    let depth = inputs * window.taps
    let (height, width) = (input.shape[2], input.shape[3])
    let columns = rows.count * window.outputWidth
    let pitch = FloatProduct.pitch(columns)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: depth * pitch) { matrix in
      guard let base = matrix.baseAddress else { return }
      base.initialize(repeating: 0, count: depth * pitch)
      for group in 0..<groups {
        for channel in 0..<inputs {
          let plane = source + (picture * input.shape[1] + group * inputs + channel) * height * width
          for (index, y) in rows.enumerated() {
            window.gather(
              plane, height: height, width: width, y: y,
              into: base + (channel * window.taps * pitch + index * window.outputWidth), pitch: pitch)
          }
        }
        multiply(group: group, base, columns, taps, out + picture * weights.shape[0] * plane, at: rows.lowerBound)
      }
    }
  }

  /// Pixels of an output channel.
  private var plane: Int { window.outputHeight * window.outputWidth }

  /// The output channels of a group.
  private func multiply(
    group: Int, _ matrix: UnsafePointer<Float>, _ columns: Int, _ taps: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>, at row: Int
  ) {
    let outputs = weights.shape[0] / groups
    let depth = weights.shape[1] * window.taps
    bias.withUnsafeBufferPointer { bias in
      guard let bias = bias.baseAddress else { return }
      FloatProduct(
        rows: taps + group * outputs * depth, depth: depth, columns: matrix, columnCount: columns,
        start: bias + group * outputs, output: out + (group * outputs * plane + row * window.outputWidth),
        outputPitch: plane
      ).run(0..<outputs)
    }
  }
}
