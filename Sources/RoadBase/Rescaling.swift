/// From a wide accumulator to an 8-bit activation with a 31-bit multiplier: what operators use that sum much and write
/// little (pools, means, products of two activations). ``Requantization`` is the cheaper rounding rule of the
/// convolutions.
///
/// With a multiplier `m`, a shift `s`, a zero-point `z` and a clamp `[low, high]`:
///
///     out = clamp(floor((acc·m + 2^(s-1)) / 2^s) + z, low, high)
///
/// To nearest, ties towards plus infinity or, with ``tiesToEven``, what is within 2^-20 of a half to an even number of
/// steps from the zero-point (the multiplier of a mean of 48 is not exact, so neither are its halves). Ranges: `|acc| ≤
/// 2^31`, `m` 0..<2^31, `s` 1...62: the product and its rounding stay under 2^63.
public struct Rescaling: Hashable, Sendable {
  public var multiplier: Int64
  public var shift: Int64
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64
  /// What ONNX Runtime does with halves. Needs a shift over 24: scales under 2^6.
  public private(set) var tiesToEven: Bool

  /// - Parameter scale: real units of the accumulator ÷ scale of the output; positive and under 2^30.
  public init(scale: Double, zeroPoint: UInt8, low: UInt8 = 0, high: UInt8 = 255, tiesToEven: Bool = false) {
    precondition(Self.isUsable(scale), "scale \(scale) is no factor between 0 and 2^30")
    precondition(low <= high, "clamp \(low)...\(high) is empty")
    // With this shift m is in [2^30, 2^31); scales under 2^-32 keep fewer bits.
    let shift = min(30 - Int(scale.exponent), 62)
    let exact = scale * Double(sign: .plus, exponent: shift, significand: 1)
    multiplier = min(Int64(exact.rounded()), Int64(Int32.max))
    self.shift = Int64(shift)
    self.zeroPoint = Int64(zeroPoint)
    self.low = Int64(low)
    self.high = Int64(high)
    self.tiesToEven = tiesToEven && shift > 24
  }

  public static func isUsable(_ scale: Double) -> Bool { scale.isFinite && scale > 0 && scale < 0x1p29 }

  /// The rule where ``tiesToEven`` is not set.
  @inlinable
  public func applyTiesUp(_ accumulator: Int) -> UInt8 {
    let steps = (Int64(accumulator) &* multiplier &+ (1 &<< (shift &- 1))) &>> shift
    return UInt8(truncatingIfNeeded: min(max(steps &+ zeroPoint, low), high))
  }

  /// The rounding rule.
  @inlinable
  public func apply(_ accumulator: Int) -> UInt8 {
    let rounded = Int64(accumulator) &* multiplier &+ (1 &<< (shift &- 1))
    var steps = rounded &>> shift
    if tiesToEven, steps & 1 == 1 {
      let rest = rounded & (1 &<< shift &- 1)
      let window: Int64 = 1 &<< (shift &- 20)
      // A half has become a whole number: from just under the next, or just over this one.
      if rest <= window { steps &-= 1 }
      if rest >= 1 &<< shift &- window { steps &+= 1 }
    }
    return UInt8(truncatingIfNeeded: min(max(steps &+ zeroPoint, low), high))
  }
}
