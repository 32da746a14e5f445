import RoadBase

/// ONNX Conv, 2-D: any group, stride, dilation and asymmetric padding.
///
/// Row by row: the taps of one output row are laid out as a matrix of `inputChannels · kernel` rows, then multiplied by
/// the weights, four output channels and eight pixels at a time.
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

  func run(into output: inout FloatTensor) {
    let rows = input.shape[0] * window.outputHeight
    output.values.withUnsafeMutableBufferPointer { values in
      guard let out = values.baseAddress else { return }
      input.values.withUnsafeBufferPointer { source in
        weights.values.withUnsafeBufferPointer { taps in
          guard let source = source.baseAddress, let taps = taps.baseAddress else { return }
          parallel(rows) { row(picture: $0 / window.outputHeight, y: $0 % window.outputHeight, source, taps, out) }
        }
      }
    }
  }

  /// One output row of one picture, all channels.
  private func row(
    picture: Int, y: Int, _ source: UnsafePointer<Float>, _ taps: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
  ) {
    let inputs = weights.shape[1]
    let outputs = weights.shape[0] / groups
    let depth = inputs * window.taps
    let (height, sourceWidth) = (input.shape[2], input.shape[3])
    let width = window.outputWidth
    // Rows of the matrix are padded to whole vectors: the multiplication has no tail.
    let pitch = (width + 7) / 8 * 8
    withUnsafeTemporaryAllocation(of: Float.self, capacity: depth * pitch) { matrix in
      guard let columns = matrix.baseAddress else { return }
      columns.initialize(repeating: 0, count: depth * pitch)
      for group in 0..<groups {
        for channel in 0..<inputs {
          let plane = source + (picture * input.shape[1] + group * inputs + channel) * height * sourceWidth
          window.gather(
            plane, height: height, width: sourceWidth, y: y, into: columns + channel * window.taps * pitch, pitch: pitch
          )
        }
        for channel in stride(from: 0, to: outputs, by: 4) {
          let first = group * outputs + channel
          multiply(
            columns, pitch: pitch, depth: depth, weights: taps + first * depth, first: first,
            count: min(4, outputs - channel),
            out: out + ((picture * weights.shape[0] + first) * window.outputHeight + y) * width)
        }
      }
    }
  }

  /// Up to four output channels of one row.
  private func multiply(
    _ columns: UnsafePointer<Float>, pitch: Int, depth: Int, weights: UnsafePointer<Float>, first: Int, count: Int,
    out: UnsafeMutablePointer<Float>
  ) {
    let width = window.outputWidth
    let plane = window.outputHeight * width
    let w0 = weights
    let w1 = count > 1 ? weights + depth : weights
    let w2 = count > 2 ? weights + 2 * depth : weights
    let w3 = count > 3 ? weights + 3 * depth : weights
    for x in stride(from: 0, to: width, by: 8) {
      var a0 = SIMD8<Float>(repeating: bias[first])
      var a1 = SIMD8<Float>(repeating: count > 1 ? bias[first + 1] : 0)
      var a2 = SIMD8<Float>(repeating: count > 2 ? bias[first + 2] : 0)
      var a3 = SIMD8<Float>(repeating: count > 3 ? bias[first + 3] : 0)
      for k in 0..<depth {
        let column = UnsafeRawPointer(columns + (k * pitch + x)).loadUnaligned(as: SIMD8<Float>.self)
        a0 += column * w0[k]
        if count > 1 {
          a1 += column * w1[k]
          a2 += column * w2[k]
          a3 += column * w3[k]
        }
      }
      let lanes = min(8, width - x)
      store(a0, lanes, out + x)
      if count > 1 { store(a1, lanes, out + plane + x) }
      if count > 2 { store(a2, lanes, out + 2 * plane + x) }
      if count > 3 { store(a3, lanes, out + 3 * plane + x) }
    }
  }

  @inline(__always)
  private func store(_ vector: SIMD8<Float>, _ lanes: Int, _ out: UnsafeMutablePointer<Float>) {
    if lanes == 8 {
      UnsafeMutableRawPointer(out).storeBytes(of: vector, as: SIMD8<Float>.self)
    } else {
      for lane in 0..<lanes { out[lane] = vector[lane] }
    }
  }
}
