import RoadBase
import RoadKernelContract
import RoadModel

/// The int8 weights of a Conv node in the order kernels are packed from, with the scale of each output channel.
struct ConvolutionWeights {
  let outputChannels: Int
  /// Channels one output channel sees: 1 if depthwise.
  let inputChannels: Int
  let height: Int
  let width: Int
  let isDepthwise: Bool
  /// `[output][row][column][input]`.
  let weights: [Int8]
  let scales: [Float]

  /// Largest magnitude an accumulator may reach: what rounding adds must not overflow (`Requantization`).
  static let accumulatorLimit = (1 << 31) - (1 << 24)

  /// - Parameter constant: OIHW, int8 with zero-points 0 or uint8 with zero-points 128.
  init(_ constant: ConstantTensor, inputChannels: Int, group: Int) throws(RoadError) {
    guard let scale = constant.scale else { throw RoadError(.model, "its weights are not quantized") }
    let shape = constant.shape
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
      throw RoadError(.model, "its weights have shape \(shape), not OxIxHxW")
    }
    guard group > 0, shape[1] * group == inputChannels, shape[0] % group == 0 else {
      throw RoadError(.model, "weights \(shape) in \(group) groups do not fit \(inputChannels) input channels")
    }
    guard shape[2] <= 64, shape[3] <= 64 else {
      throw RoadError(.model, "a window of \(shape[2])x\(shape[3]) is not supported")
    }
    guard scale.scales.count == 1 || scale.axis == 0 else {
      throw RoadError(.model, "its weights are quantized along axis \(scale.axis), not per output channel")
    }
    outputChannels = shape[0]
    (height, width) = (shape[2], shape[3])
    isDepthwise = group > 1 && group == inputChannels && group == shape[0]
    self.inputChannels = isDepthwise ? 1 : inputChannels
    scales = (0..<shape[0]).map { scale.scale($0) }
    weights = Self.reordered(try Self.signed(constant, scale), shape, group: isDepthwise ? 1 : group)
  }

  /// int8 as it is, uint8 around 128 with its top bit turned over.
  private static func signed(_ constant: ConstantTensor, _ scale: QuantizationScale) throws(RoadError) -> [Int8] {
    let (flip, zero): (UInt8, Int32)
    switch constant.data.elementType {
    case .int8: (flip, zero) = (0, 0)
    case .uint8: (flip, zero) = (0x80, 128)
    default: throw RoadError(.model, "its weights are \(constant.data.elementType), not int8")
    }
    guard scale.zeroPoints.allSatisfy({ $0 == zero }) else {
      throw RoadError(
        .model, "its weights have zero-points other than \(zero)", remedy: "quantize weights symmetrically")
    }
    return constant.data.bytes.map { Int8(bitPattern: $0 ^ flip) }
  }

  /// OIHW to OHWI. Groups other than depthwise become dense: a weight is zero where an output does not see an input.
  private static func reordered(_ weights: [Int8], _ shape: [Int], group: Int) -> [Int8] {
    let (outputs, inputs, height, width) = (shape[0], shape[1], shape[2], shape[3])
    let all = inputs * group
    var result = [Int8](repeating: 0, count: outputs * height * width * all)
    for output in 0..<outputs {
      let firstInput = output / (outputs / group) * inputs
      for input in 0..<inputs {
        for tap in 0..<height * width {
          let from = (output * inputs + input) * height * width + tap
          result[(output * height * width + tap) * all + firstInput + input] = weights[from]
        }
      }
    }
    return result
  }
}

extension ConvolutionWeights {
  /// Bias and requantization for given input and output scales.
  func layer(
    bias: ConstantTensor?, from input: Quantization, to output: Quantization
  ) throws(RoadError) -> WeightLayer {
    let scales = scales.map { Double(input.scale) * Double($0) }
    let bias = try integerBias(bias, scales: scales)
    let products = inputChannels * height * width
    var shifts: [Int32] = []
    var multipliers: [Int16] = []
    for channel in 0..<outputChannels {
      let reach = weights[channel * products..<(channel + 1) * products].reduce(abs(bias[channel])) {
        $0 + 255 * abs(Int($1))
      }
      guard reach < Self.accumulatorLimit else {
        throw RoadError(.model, "output channel \(channel) can overflow a 32-bit accumulator")
      }
      let scale = scales[channel] / Double(output.scale)
      guard scale.isFinite, scale > 0, let factors = Requantization.factors(for: scale) else {
        throw RoadError(
          .model, "output channel \(channel) needs the factor \(scale); factors under 1 are supported",
          remedy: "quantize the output with a larger scale")
      }
      shifts.append(factors.shift)
      multipliers.append(factors.multiplier)
    }
    return WeightLayer(
      outputChannels: outputChannels, inputChannels: inputChannels, kernelHeight: height, kernelWidth: width,
      weights: weights, bias: bias.map { Int32($0) }, shift: shifts, multiplier: multipliers,
      inputZeroPoint: input.zeroPoint)
  }

  /// The bias in units of the accumulator. An int32 bias with the expected scale is taken as it is; one with another scale,
  /// or of floats, is rounded to the nearest unit, ties to even.
  private func integerBias(_ constant: ConstantTensor?, scales: [Double]) throws(RoadError) -> [Int] {
    guard let constant else { return Array(repeating: 0, count: outputChannels) }
    guard constant.data.count == outputChannels else {
      throw RoadError(.model, "\(constant.data.count) biases for \(outputChannels) output channels")
    }
    if let integers = constant.data.integers, let own = constant.scale, own.zeroPoints.allSatisfy({ $0 == 0 }) {
      let matches = scales.indices.allSatisfy { abs(Double(own.scale($0)) / scales[$0] - 1) < 1e-5 }
      if matches { return integers }
    }
    var result: [Int] = []
    for (channel, real) in constant.reals.enumerated() {
      let units = (Double(real) / scales[channel]).rounded(.toNearestOrEven)
      guard abs(units) < Double(Self.accumulatorLimit) else {
        throw RoadError(.model, "the bias \(real) of output channel \(channel) overflows 32 bits")
      }
      result.append(Int(units))
    }
    return result
  }
}
