import RoadBase

/// What the plan knows of one convolution, in natural order; `pack` of a kernel turns it into the bytes that kernel
/// reads.
///
/// The accumulator of output channel o is `bias[o] + Σ (a − inputZeroPoint) · weight`, the sum over the window's taps
/// and the real input channels; requantized by the rounding rule in `Requantization` with `shift[o]` and
/// `multiplier[o]`, or by that in `ONNXRuntimeRequantization`. Packing folds the zero-point and the rounding of the
/// shift into the bias, so the plan must have checked that this stays in an Int32: `|bias| + 255 · Σ|w| < 2^31 − 2^24`.
public struct WeightLayer: Sendable {
  /// Alignment in bytes of every packed buffer.
  public static let alignment = 64

  public let outputChannels: Int
  /// Channels that one output channel sees: all of them for a dense convolution, 1 for a depthwise one.
  public let inputChannels: Int
  public let kernelHeight: Int
  public let kernelWidth: Int
  /// -127...127, row-major `[output channel][kernel row][kernel column][input channel]` (OHWI).
  public let weights: [Int8]
  public let bias: [Int32]
  /// 0...24, an entry for each output channel.
  public let shift: [Int32]
  /// 0...32767, an entry for each output channel.
  public let multiplier: [Int16]
  /// An entry for each output channel: the rounding rule is then that of `ONNXRuntimeRequantization`, without shift and
  /// multiplier.
  public let onnxRuntimeFactors: [ONNXRuntimeFactor]?
  public let inputZeroPoint: UInt8

  public init(
    outputChannels: Int, inputChannels: Int, kernelHeight: Int, kernelWidth: Int, weights: [Int8],
    bias: [Int32], shift: [Int32], multiplier: [Int16], onnxRuntimeFactors: [ONNXRuntimeFactor]? = nil,
    inputZeroPoint: UInt8
  ) {
    let count = outputChannels * inputChannels * kernelHeight * kernelWidth
    precondition(
      weights.count == count,
      "\(weights.count) weights for \(outputChannels)x\(kernelHeight)x\(kernelWidth)x\(inputChannels)")
    precondition(
      bias.count == outputChannels && shift.count == outputChannels && multiplier.count == outputChannels,
      "\(bias.count) biases, \(shift.count) shifts, \(multiplier.count) multipliers for \(outputChannels) channels")
    precondition(shift.allSatisfy { (0...24).contains($0) }, "a shift outside 0...24")
    precondition(multiplier.allSatisfy { $0 >= 0 }, "a negative multiplier")
    if let onnxRuntimeFactors {
      precondition(
        onnxRuntimeFactors.count == outputChannels, "\(onnxRuntimeFactors.count) factors for \(outputChannels) channels"
      )
    }
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.weights = weights
    self.bias = bias
    self.shift = shift
    self.multiplier = multiplier
    self.onnxRuntimeFactors = onnxRuntimeFactors
    self.inputZeroPoint = inputZeroPoint
  }

  /// Products summed for one output value.
  public var products: Int { inputChannels * kernelHeight * kernelWidth }

  public func weight(output: Int, row: Int, column: Int, input: Int) -> Int8 {
    weights[((output * kernelHeight + row) * kernelWidth + column) * inputChannels + input]
  }

  /// Whether every channel has the rounding of ``ONNXRuntimeFactor/half``, so that kernels need not read it, and a
  /// multiplier of 30 bits, so that tables may hold twice of it: the upper 32 bits of its products, halved to nearest,
  /// are then those of the multiplier, rounded.
  public var roundsToNearest: Bool {
    onnxRuntimeFactors?.allSatisfy { $0.rounding == ONNXRuntimeFactor.half && $0.multiplier < 1 << 30 } ?? false
  }

  /// What the tables in packed weights hold for the requantization of 32-bit sums: the shift, or the 31-bit multiplier,
  /// which those of vector kernels have twice where layers round to nearest (``roundsToNearest``).
  public func factor(_ output: Int) -> Int32 { onnxRuntimeFactors?[output].multiplier ?? shift[output] }

  /// And behind it: the 15-bit multiplier, or the rounding of the 31-bit one.
  public func smallFactor(_ output: Int) -> UInt16 {
    onnxRuntimeFactors?[output].rounding ?? UInt16(multiplier[output])
  }

  /// Bias − zero-point · Σ weights + the rounding of the shift: where an accumulator over raw bytes starts.
  ///
  /// - Parameter activationOffset: what a kernel takes from every byte before it multiplies (128 where it flips the top
  ///   bit to have signed bytes), given back here.
  public func foldedBias(_ output: Int, activationOffset: Int = 0) -> Int32 {
    let own = weights[output * products..<(output + 1) * products]
    let sum = own.reduce(0) { $0 + Int($1) }
    let rounding = onnxRuntimeFactors == nil && shift[output] > 0 ? 1 << (Int(shift[output]) - 1) : 0
    let folded = Int(bias[output]) - (Int(inputZeroPoint) - activationOffset) * sum + rounding
    precondition(Int(Int32.min)...Int(Int32.max) ~= folded, "bias of channel \(output) overflows: \(folded)")
    return Int32(folded)
  }
}
