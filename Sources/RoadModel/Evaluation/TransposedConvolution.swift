import RoadBase

/// ONNX ConvTranspose, 2-D: any group, stride, dilation, padding, output padding and output shape.
enum TransposedConvolutionOperator {
  static func compute(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let weights = try call.picture(1)
    let groups = call.integer("group", default: 1)
    guard groups > 0, weights.shape[0] == input.shape[1], input.shape[1] % groups == 0 else {
      throw call.failure("weights of shape \(weights.shape) and \(groups) groups do not fit input \(input.shape)")
    }
    let outputs = weights.shape[1] * groups
    let bias = call.has(2) ? try call.floats(2).values : [Float](repeating: 0, count: outputs)
    guard bias.count == outputs else { throw call.failure("\(bias.count) biases for \(outputs) channels") }
    let window = try SpatialWindow(transposed: call.node, input: input.shape, kernel: Array(weights.shape[2...]))
    var output = FloatTensor(shape: [input.shape[0], outputs, window.outputHeight, window.outputWidth])
    TransposedPass(input: input, weights: weights, bias: bias, window: window, groups: groups).run(into: &output)
    return [.floats(output)]
  }
}

/// An output channel at a time: what each of its taps gives for every input pixel is a product of matrices, see
/// ``FloatProduct``; it is added where the tap lies.
private struct TransposedPass {
  let input: FloatTensor
  let weights: FloatTensor
  let bias: [Float]
  let window: SpatialWindow
  let groups: Int

  private var inputs: Int { input.shape[1] / groups }
  private var outputs: Int { weights.shape[1] }
  private var pixels: Int { input.shape[2] * input.shape[3] }

  func run(into output: inout FloatTensor) {
    let (taps, plane) = (transposedWeights, window.outputHeight * window.outputWidth)
    output.values.withUnsafeMutableBufferPointer { values in
      guard let out = values.baseAddress else { return }
      taps.withUnsafeBufferPointer { taps in
        guard let taps = taps.baseAddress else { return }
        for place in 0..<input.shape[0] * groups {
          let matrix = columns(picture: place / groups, group: place % groups)
          let first = place % groups * outputs
          matrix.withUnsafeBufferPointer { matrix in
            guard let matrix = matrix.baseAddress else { return }
            parallel(outputs) { output in
              let target = out + (place * outputs + output) * plane
              target.update(repeating: bias[first + output], count: plane)
              add(taps + (first + output) * window.taps * inputs, matrix, to: target)
            }
          }
        }
      }
    }
  }

  /// `[group][output][tap][input]` of `[group][input][output][tap]`.
  private var transposedWeights: [Float] {
    let length = outputs * window.taps
    return (0..<groups).flatMap { group in
      (0..<length).flatMap { row in
        (0..<inputs).map { weights.values[(group * inputs + $0) * length + row] }
      }
    }
  }

  /// A group's input channels, whole vectors each.
  private func columns(picture: Int, group: Int) -> [Float] {
    let pitch = FloatProduct.pitch(pixels)
    var matrix = [Float](repeating: 0, count: inputs * pitch)
    let first = (picture * groups + group) * inputs * pixels
    for channel in 0..<inputs {
      let plane = input.values[(first + channel * pixels)...].prefix(pixels)
      matrix.replaceSubrange(channel * pitch..<channel * pitch + pixels, with: plane)
    }
    return matrix
  }

  private func add(_ taps: UnsafePointer<Float>, _ matrix: UnsafePointer<Float>, to plane: UnsafeMutablePointer<Float>)
  {
    let count = window.taps
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count * (pixels + 1)) { scratch in
      guard let products = scratch.baseAddress else { return }
      let zeros = products + count * pixels
      zeros.initialize(repeating: 0, count: count)
      FloatProduct(
        rows: taps, depth: inputs, columns: matrix, columnCount: pixels, start: zeros, output: products,
        outputPitch: pixels
      ).run(0..<count)
      for tap in 0..<count { spread(products + tap * pixels, tap, to: plane) }
    }
  }

  private func spread(_ products: UnsafePointer<Float>, _ tap: Int, to plane: UnsafeMutablePointer<Float>) {
    let (height, width) = (input.shape[2], input.shape[3])
    let down = tap / window.kernelWidth * window.dilationHeight - window.padTop
    let across = tap % window.kernelWidth * window.dilationWidth - window.padLeft
    let step = window.strideWidth
    // The input columns that this tap brings into the output.
    let first = across >= 0 ? 0 : min((step - 1 - across) / step, width)
    let end = max(first, min(width, (window.outputWidth - across + step - 1) / step))
    for y in 0..<height {
      let row = y * window.strideHeight + down
      guard (0..<window.outputHeight).contains(row) else { continue }
      let (from, to) = (products + y * width, plane + row * window.outputWidth)
      for x in first..<end { to[x * step + across] += from[x] }
    }
  }
}
