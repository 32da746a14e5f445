import RoadBase
import RoadKernelContract
import RoadModel

extension WeightTensor {
  /// Weights and bias of the convolution with an affine function behind it: the factor goes into the scale, its sign
  /// into the integers.
  ///
  /// A factor so small that the bias would leave the accumulator shrinks the integers, too: what they lose is under a
  /// thousandth of the bias.
  ///
  /// - Parameter step: real units of one step of the convolution's input.
  func transformed(
    by affine: ChannelAffine, bias: ConstantTensor?, step: Double
  ) throws(RoadError) -> (weights: WeightTensor, bias: ConstantTensor) {
    let given = bias?.reals ?? [Float](repeating: 0, count: outputs)
    guard given.count == outputs, affine.factor.count == outputs else {
      throw RoadError(.model, "\(affine.factor.count) factors and \(given.count) biases for \(outputs) output channels")
    }
    var (result, offsets) = (self, given)
    let each = inputs * height * width
    for (channel, factor) in affine.factor.enumerated() {
      let offset = Double(given[channel]) * factor + affine.offset[channel]
      let exact = Double(scales[channel]) * abs(factor)
      let lowest = max(abs(offset) / step * 0x1p-29, exact > 0x1p-100 ? 0 : Double(scales[channel]))
      let scale = max(exact, lowest)
      let ratio = scale == exact ? (factor < 0 ? -1 : 1) : (factor < 0 ? -exact : exact) / scale
      for index in channel * each..<(channel + 1) * each {
        result.values[index] = Int16((Double(values[index]) * ratio).rounded())
      }
      result.scales[channel] = Float(scale)
      offsets[channel] = Float(offset)
    }
    guard result.scales.allSatisfy(\.isFinite), offsets.allSatisfy(\.isFinite) else {
      throw RoadError(.model, "what is multiplied with its result leaves the range of 32-bit floats")
    }
    let name = bias?.name ?? "bias"
    return (result, ConstantTensor(name: name, data: TensorData(floats: offsets, shape: [outputs])))
  }

  /// How far from zero the convolution's real numbers can be.
  func farthest(bias: ConstantTensor?, from source: LoweredTensor) -> Float {
    let each = inputs * height * width
    let biases = bias?.reals ?? []
    let (format, integers) = (source.format, source.format.integers)
    let span = format.step * Double(max(format.zeroPoint - integers.lowerBound, integers.upperBound - format.zeroPoint))
    return (0..<outputs).reduce(Float(0)) { farthest, channel in
      let sum = values[channel * each..<(channel + 1) * each].reduce(0) { $0 + abs(Int($1)) }
      let own = Double(sum) * Double(scales[channel]) * span
      return max(farthest, Float(own) + abs(channel < biases.count ? biases[channel] : 0))
    }
  }
}
