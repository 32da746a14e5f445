import RoadBase
import RoadKernelContract
import RoadModel

/// What kernels are packed from for one convolution: bias and requantization for given scales, weights in their order.
struct ConvolutionWeights {
  let weights: WeightLayer
  /// Of the output channels whose bytes need one: none, or those with a factor of 1 or more and, where the clamp is not
  /// 0...255, all others.
  let tables: [ChannelTable]

  /// Largest magnitude an accumulator may reach: what rounding adds must not overflow (`Requantization`).
  static let accumulatorLimit = (1 << 31) - (1 << 24)
}

extension WeightTensor {
  /// Bias and requantization for given input and output scales.
  ///
  /// A channel with a factor `f` of 1 or more has no 15-bit multiplier. Its accumulator is then written as it is, `t =
  /// clamp(acc + offset, 0, 255)`, and a table makes the output of it, `clamp(floor(f·(t − offset) + 1/2) + z, low,
  /// high)`: exact, since a factor of 1 or more maps at most 256 accumulators to bytes that differ.
  ///
  /// Fine multipliers of 31 bits serve layers of which no channel has a factor of 1/2 or more.
  func layer(
    bias: ConstantTensor?, from input: Quantization, to tensor: LoweredTensor, _ clamp: ByteClamp,
    _ rounding: RoundingContract
  ) throws(RoadError) -> ConvolutionWeights {
    let products = scales.map { Double(input.scale) * Double($0) }
    let bias = try accumulatorBias(
      bias, scales: products, limit: ConvolutionWeights.accumulatorLimit, rounding)
    try checkReach(bias.units, largest: 255, limit: ConvolutionWeights.accumulatorLimit)
    let output = tensor.quantization
    let factors = products.indices.map { products[$0] / Double(tensor.format.scale(ofChannel: $0)) }
    for (channel, factor) in factors.enumerated() where !(factor.isFinite && factor > 0 && factor < 0x1p24) {
      throw RoadError(.model, "output channel \(channel) needs the factor \(factor)")
    }
    let fine =
      rounding.hasFineMultipliers ? zip(factors, bias.rests).compactMap { ONNXRuntimeFactor(scale: $0, rest: $1) } : []
    let needsTables = factors.contains { Requantization.factors(for: $0) == nil }
    let channels = zip(factors, bias.units).map { factor, unit in
      OutputChannel(factor: factor, bias: unit, to: output, clamp)
    }
    let layer = WeightLayer(
      outputChannels: outputs, inputChannels: inputs, kernelHeight: height, kernelWidth: width,
      weights: try bytes(), bias: channels.map(\.bias), shift: channels.map(\.shift),
      multiplier: channels.map(\.multiplier), onnxRuntimeFactors: fine.count == outputs ? fine : nil,
      inputZeroPoint: input.zeroPoint)
    let tables = channels.enumerated().map { ChannelTable(channel: $0, bytes: $1.table) }
    return ConvolutionWeights(weights: layer, tables: needsTables ? tables.filter { $0.bytes != Array(0...255) } : [])
  }

  /// Bias and weights without a requantization, and how far from zero each channel's sums can be.
  func sums(
    bias: ConstantTensor?, from input: Quantization, _ rounding: RoundingContract
  ) throws(RoadError) -> (layer: WeightLayer, largestSums: [Int], rests: [Double]) {
    let limit = ConvolutionWeights.accumulatorLimit
    let products = scales.map { Double(input.scale) * Double($0) }
    let bias = try accumulatorBias(bias, scales: products, limit: limit, rounding)
    try checkReach(bias.units, largest: 255, limit: limit)
    let each = inputs * height * width
    let farthest = Int(max(input.zeroPoint, 255 - input.zeroPoint))
    let largestSums = (0..<outputs).map { channel in
      values[channel * each..<(channel + 1) * each].reduce(abs(bias.units[channel])) { $0 + abs(Int($1)) * farthest }
    }
    let layer = WeightLayer(
      outputChannels: outputs, inputChannels: inputs, kernelHeight: height, kernelWidth: width, weights: try bytes(),
      bias: bias.units.map { Int32($0) }, shift: Array(repeating: 0, count: outputs),
      multiplier: Array(repeating: 0, count: outputs), inputZeroPoint: input.zeroPoint)
    return (layer, largestSums, bias.rests)
  }

  /// OIHW to OHWI.
  private func bytes() throws(RoadError) -> [Int8] {
    guard fitsByte else { throw RoadError(.model, "its weights span more than 8 bits around their zero-point") }
    let taps = height * width
    var result = [Int8](repeating: 0, count: values.count)
    for output in 0..<outputs {
      for input in 0..<inputs {
        for tap in 0..<taps {
          result[(output * taps + tap) * inputs + input] = Int8(values[(output * inputs + input) * taps + tap])
        }
      }
    }
    return result
  }

  /// - Parameter largest: magnitude of what a weight is multiplied by.
  func checkReach(_ bias: [Int], largest: Int, limit: Int) throws(RoadError) {
    let each = inputs * height * width
    for channel in 0..<outputs {
      let sum = values[channel * each..<(channel + 1) * each].reduce(0) { $0 + abs(Int($1)) }
      guard abs(bias[channel]) + largest * sum < limit else {
        throw RoadError(.model, "output channel \(channel) can overflow its accumulator")
      }
    }
  }
}

/// How one output channel leaves its accumulator.
private struct OutputChannel {
  let bias: Int32
  let shift: Int32
  let multiplier: Int16
  /// From the byte that the convolution writes to the output's.
  let table: [UInt8]

  init(factor: Double, bias: Int, to output: Quantization, _ clamp: ByteClamp) {
    let zero = Double(output.zeroPoint)
    if let factors = Requantization.factors(for: factor) {
      self.bias = Int32(bias)
      (shift, multiplier) = factors
      table = (0...255).map { min(max(UInt8($0), clamp.low), clamp.high) }
      return
    }
    // The last accumulator that surely gives the lowest byte becomes byte 0, as do all below it.
    let offset = ((zero - Double(clamp.low) - 0.5) / factor).rounded(.down) + 1
    self.bias = Int32(bias) + Int32(offset - zero)
    // 32767 / 32768 leaves every whole number under 2^14 as it is.
    (shift, multiplier) = (0, .max)
    table = (0...255).map { byte in
      let level = (factor * (Double(byte) - offset) + 0.5).rounded(.down) + zero
      return UInt8(min(max(level, Double(clamp.low)), Double(clamp.high)))
    }
  }
}
