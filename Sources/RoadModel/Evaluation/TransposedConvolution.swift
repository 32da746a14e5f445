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
    for index in output.values.indices {
      output.values[index] = bias[index / (window.outputHeight * window.outputWidth) % outputs]
    }
    window.scatter(input, weights, groups: groups, into: &output)
    return [.floats(output)]
  }
}

extension SpatialWindow {
  fileprivate func scatter(_ input: FloatTensor, _ weights: FloatTensor, groups: Int, into output: inout FloatTensor) {
    let inputs = input.shape[1] / groups
    let outputs = weights.shape[1]
    for picture in 0..<input.shape[0] {
      for channel in 0..<input.shape[1] {
        for o in 0..<outputs {
          let plane = (picture * outputs * groups + channel / inputs * outputs + o) * outputHeight * outputWidth
          let first = (channel * outputs + o) * taps
          spread(
            input, plane: (picture * input.shape[1] + channel) * input.shape[2] * input.shape[3], weights, first,
            into: &output,
            plane)
        }
      }
    }
  }

  private func spread(
    _ input: FloatTensor, plane: Int, _ weights: FloatTensor, _ first: Int, into output: inout FloatTensor,
    _ target: Int
  ) {
    for y in 0..<input.shape[2] {
      for x in 0..<input.shape[3] {
        let value = input.values[plane + y * input.shape[3] + x]
        for ky in 0..<kernelHeight {
          let oy = y * strideHeight + ky * dilationHeight - padTop
          guard (0..<outputHeight).contains(oy) else { continue }
          for kx in 0..<kernelWidth {
            let ox = x * strideWidth + kx * dilationWidth - padLeft
            guard (0..<outputWidth).contains(ox) else { continue }
            output.values[target + oy * outputWidth + ox] += value * weights.values[first + ky * kernelWidth + kx]
          }
        }
      }
    }
  }
}
