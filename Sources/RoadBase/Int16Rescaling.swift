/// From a 64-bit accumulator to an activation of 8 or 16 bits: the rounding rule of every layer that reads or writes
/// 16-bit words.
///
/// With a multiplier `m`, a shift `s`, a zero-point `z` and a clamp `[low, high]`:
///
///     out = clamp(floor((acc·m + r) / 2^s) + z, low, high)        r = 2^(s-1)
///
/// To nearest, ties towards plus infinity, with the product in 128 bits. Ranges: `|acc| < 2^46`, `m` 0..<2^31, `s`
/// 16...62: what the shift leaves stays under 2^61. Another `r` adds a part of a unit to every accumulator.
/// ``Rescaling`` is the same rounding rule for sums of bytes, whose products fit 64 bits.
public struct Int16Rescaling: Hashable, Sendable {
  public static let accumulatorLimit = 1 << 46

  public var multiplier: Int64
  public var shift: Int64
  public var rounding: Int64
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64

  /// - Parameters:
  ///   - scale: real units of the accumulator ÷ scale of the output; positive and under 2^15.
  ///   - range: what may come out, the fused activation counted.
  ///   - rest: part of a unit, −1/2...1/2, that is added to every accumulator.
  public init(scale: Double, zeroPoint: Int, range: ClosedRange<Int>, rest: Double = 0) {
    precondition(Self.isUsable(scale), "scale \(scale) is no factor between 0 and 2^15")
    // With this shift m is in [2^30, 2^31); scales under 2^-32 keep fewer bits.
    let shift = min(30 - Int(scale.exponent), 62)
    let exact = scale * Double(sign: .plus, exponent: shift, significand: 1)
    multiplier = min(Int64(exact.rounded()), Int64(Int32.max))
    self.shift = Int64(shift)
    rounding = 1 << (shift - 1) + Int64((rest * exact).rounded())
    self.zeroPoint = Int64(zeroPoint)
    low = Int64(range.lowerBound)
    high = Int64(range.upperBound)
  }

  public static func isUsable(_ scale: Double) -> Bool { scale.isFinite && scale > 0 && scale < 0x1p15 }

  /// The rounding rule.
  @inlinable
  public func apply(_ accumulator: Int64) -> Int64 {
    let product = accumulator.multipliedFullWidth(by: multiplier)
    let (lower, carry) = product.low.addingReportingOverflow(UInt64(bitPattern: rounding))
    let upper = product.high &+ rounding &>> 63 &+ (carry ? 1 : 0)
    let quotient = upper &<< (64 &- shift) | Int64(bitPattern: lower &>> UInt64(shift))
    return min(max(quotient &+ zeroPoint, low), high)
  }
}
