import RoadKernelContract

/// How the channels of a grouped convolution meet the kernels.
struct Grouping {
  var weights: WeightTensor
  var isDepthwise: Bool
  /// Each source channel is there twice.
  var isDoubled: Bool
  /// Groups whose channels start at channel blocks run one by one; others become dense, with zeros.
  var groups: Int

  /// The weights of each group, cut out of those of all.
  func parts(of layer: WeightLayer) -> [ConvolutionLayer.Part] {
    guard groups > 1 else { return [ConvolutionLayer.Part(weights: layer)] }
    let each = layer.outputChannels / groups
    return (0..<groups).map { group in
      let channels = group * each..<(group + 1) * each
      let weights = WeightLayer(
        outputChannels: each, inputChannels: layer.inputChannels, kernelHeight: layer.kernelHeight,
        kernelWidth: layer.kernelWidth,
        weights: Array(layer.weights[channels.lowerBound * layer.products..<channels.upperBound * layer.products]),
        bias: Array(layer.bias[channels]), shift: Array(layer.shift[channels]),
        multiplier: Array(layer.multiplier[channels]),
        onnxRuntimeFactors: layer.onnxRuntimeFactors.map { Array($0[channels]) }, inputZeroPoint: layer.inputZeroPoint)
      return ConvolutionLayer.Part(
        firstInput: group * layer.inputChannels, firstOutput: channels.lowerBound, weights: weights)
    }
  }
}

extension WeightTensor {
  /// - Parameter slices: whether groups may run one by one.
  func fitted(groups: Int, channels: Int, slices: Bool = true) -> Grouping {
    if groups > 1, groups == channels, groups == outputs, fitsByte {
      return Grouping(weights: self, isDepthwise: true, isDoubled: false, groups: 1)
    }
    let block = TensorView.channelBlock
    if slices, groups > 1, fitsByte, inputs % block == 0, outputs / groups % block == 0 {
      return Grouping(weights: self, isDepthwise: false, isDoubled: false, groups: groups)
    }
    let dense = groups > 1 ? self.dense(groups: groups) : self
    return Grouping(
      weights: dense.fitsByte ? dense : dense.doubled, isDepthwise: false, isDoubled: !dense.fitsByte, groups: 1)
  }

  /// A weight is zero where an output does not see an input.
  private func dense(groups: Int) -> WeightTensor {
    let taps = height * width
    var all = [Int16](repeating: 0, count: outputs * inputs * groups * taps)
    for output in 0..<outputs {
      let first = (output * inputs * groups + output / (outputs / groups) * inputs) * taps
      all.replaceSubrange(
        first..<first + inputs * taps, with: values[output * inputs * taps..<(output + 1) * inputs * taps])
    }
    return WeightTensor(
      outputs: outputs, inputs: inputs * groups, height: height, width: width, values: all, scales: scales)
  }
}
