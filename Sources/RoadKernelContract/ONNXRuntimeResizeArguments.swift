import RoadBase

/// Bilinear resize whose halves fall as they do in ONNX Runtime, which resizes real numbers of binary32.
///
/// With weights of `weightBits` bits, `h_i = p_i0·w0 + p_i1·w1` and `sum = h_0·v0 + h_1·v1`, a byte is
/// `sum / 2^(2·weightBits)` to nearest where that is farther than 2^-11 from a half. Where it is not, floats decide:
/// ``Binary32`` computes, from left to right and rounding each step,
///
///     real = W0·V0·R_00 + W1·V0·R_01 + W0·V1·R_10 + W1·V1·R_11        R: the real numbers of the four bytes
///     out  = clamp(nearestEven(real / scale) + zeroPoint, 0, 255)
///
/// An output with scales of its own is rounded once: to nearest of the rescaled sum, or as floats with `scale` and
/// `zeroPoint` of the output. 2^-11 covers both the errors of weights of 20 bits (255 · 2^-20) and those of seven
/// roundings to 24 bits.
public struct ONNXRuntimeResizeArguments {
  /// Where the weights are multiples of 2^-11: sums fit an Int32.
  public static let exactWeightBits = 11
  public static let weightBits = 20

  /// One output coordinate: two source coordinates, the weight of the second in 2^-weightBits, and both weights as they
  /// are.
  public struct Tap: Hashable, Sendable {
    public var first: Int32
    public var second: Int32
    public var secondWeight: Int32
    public var firstFactor: Binary32
    public var secondFactor: Binary32

    public init(first: Int32, second: Int32, secondWeight: Int32, firstFactor: Binary32, secondFactor: Binary32) {
      self.first = first
      self.second = second
      self.secondWeight = secondWeight
      self.firstFactor = firstFactor
      self.secondFactor = secondFactor
    }
  }

  /// From steps of the source to those of one channel of the output: `multiplier / 2^shift` of them.
  public struct Rescaling: Hashable, Sendable {
    /// Bits behind the point of the number that is multiplied.
    public static let fractionBits = 22

    /// 2^29..<2^30.
    public var multiplier: Int64
    public var shift: Int64
    /// In 2^-(shift + fractionBits) steps of the output: how near to a half is too near to tell.
    public var window: Int64
    public var scale: Binary32

    /// Nil for scales too far apart.
    public init?(from source: Float, to output: Float) {
      let ratio = Double(source) / Double(output)
      guard ratio > 0x1p-10, ratio < 0x1p8 else { return nil }
      shift = Int64(29 - ratio.exponent)
      multiplier = Int64((ratio * Double(sign: .plus, exponent: Int(shift), significand: 1)).rounded(.down))
      window = Int64((1 + ratio) * Double(sign: .plus, exponent: Int(shift) + Self.fractionBits - 11, significand: 1))
      scale = Binary32(output)
    }
  }

  public var source: TensorView
  public var destination: TensorView
  public var columns: UnsafePointer<Tap>
  public var rows: UnsafePointer<Tap>
  /// All weights are multiples of 2^-11 and counted in them.
  public var isExact: Bool
  /// The real number of each of the 256 bytes.
  public var dequantized: UnsafePointer<Binary32>
  /// Of the source.
  public var scale: Binary32
  public var zeroPoint: Int64
  /// What ``thresholds(scale:zeroPoint:)`` gives for them.
  public var thresholds: UnsafePointer<Binary32>
  /// The scales of the output, one a channel, with its zero-point; nil where they are the source's.
  public var rescalings: UnsafePointer<Rescaling>?
  public var outputZeroPoint: Int64

  public init(
    source: TensorView, destination: TensorView, columns: UnsafePointer<Tap>, rows: UnsafePointer<Tap>, isExact: Bool,
    dequantized: UnsafePointer<Binary32>, scale: Binary32, zeroPoint: Int64, thresholds: UnsafePointer<Binary32>,
    rescalings: UnsafePointer<Rescaling>? = nil,
    outputZeroPoint: Int64 = 0
  ) {
    self.source = source
    self.destination = destination
    self.columns = columns
    self.rows = rows
    self.isExact = isExact
    self.dequantized = dequantized
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.thresholds = thresholds
    self.rescalings = rescalings
    self.outputZeroPoint = outputZeroPoint
  }

  /// For each byte but the last, the least real number that becomes the next one: what divides by the scale and rounds
  /// grows with the number, so that a comparison tells what a division would.
  ///
  /// - Parameters:
  ///   - scale: positive; its exponent between -48 and 48.
  ///   - zeroPoint: 0...255.
  public static func thresholds(scale: Float, zeroPoint: Int64) -> [Binary32] {
    (0..<255 as Range<Int64>).map { byte in
      func isNext(_ number: Float) -> Bool {
        (Binary32(number) / Binary32(scale)).nearestInteger + zeroPoint > byte
      }
      // Halves are never zero, and a few steps from the real product.
      var number = (Float(byte - zeroPoint) + 0.5) * scale
      while isNext(number) { number = number.nextDown }
      while !isNext(number) { number = number.nextUp }
      return Binary32(number)
    }
  }
}
