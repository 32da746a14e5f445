/// From a 32-bit accumulator to an 8-bit activation, the same on every board. This file is the definition; every kernel
/// on every instruction set gives the bytes that ``Requantization/apply(_:)`` gives.
///
/// With a shift `s`, a multiplier `m`, a zero-point `z` and a clamp `[low, high]`:
///
///     v = clamp(floor((acc + r) / 2^s), -32768, 32767)      r = 2^(s-1) for s > 0, 0 for s = 0
///     q = floor((v·m + 2^14) / 2^15)
///     out = clamp(q + z, low, high)
///
/// Both divisions round to nearest with ties towards plus infinity. The second line is one instruction on x86
/// (`pmulhrsw`) and on Arm (`sqrdmulh`; they differ only at v = m = -32768, and m is never negative).
///
/// Ranges: `acc` any Int32 for which `acc + r` does not overflow (`|acc| < 2^31 - 2^24`, the plan checks it),
/// `s` 0...24, `m` 0...32767, `z`, `low`, `high` 0...255.
public struct Requantization: Hashable, Sendable {
  public static let shiftRange: ClosedRange<Int32> = 0...24
  public static let multiplierBits: Int32 = 15

  public var shift: Int32
  public var multiplier: Int16
  public var zeroPoint: UInt8
  /// Lowest and highest byte that may come out: the fused activation. ReLU has `low == zeroPoint`.
  public var low: UInt8
  public var high: UInt8

  public init(
    shift: Int32, multiplier: Int16, zeroPoint: UInt8 = 0, low: UInt8 = 0, high: UInt8 = 255
  ) {
    precondition(Self.shiftRange.contains(shift), "shift \(shift) outside \(Self.shiftRange)")
    precondition(multiplier >= 0, "multiplier \(multiplier) is negative")
    precondition(low <= high, "clamp \(low)...\(high) is empty")
    self.shift = shift
    self.multiplier = multiplier
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }

  /// What the shift adds before it divides; the plan folds it into the bias.
  @inlinable
  public static func rounding(forShift shift: Int32) -> Int32 { shift > 0 ? 1 << (shift - 1) : 0 }

  /// The law: one accumulator (bias added, rounding of the shift not yet) to one byte.
  @inlinable
  public func apply(_ accumulator: Int32) -> UInt8 {
    let shifted = (accumulator + Self.rounding(forShift: shift)) >> shift
    let value = min(max(shifted, -32768), 32767)
    let product = (value * Int32(multiplier) + (1 << 14)) >> Self.multiplierBits
    return UInt8(min(max(product + Int32(zeroPoint), Int32(low)), Int32(high)))
  }
}

extension Requantization {
  /// The shift and multiplier whose `multiplier / 2^(15 + shift)` is nearest to `scale`, with 11 to 12 bits kept in each
  /// of `m` and `v`: the result then differs from the real product's rounding by at most 1.
  ///
  /// - Parameter scale: input scale × weight scale ÷ output scale; finite and positive.
  /// - Returns: nil for scale ≥ 1, which no 15-bit multiplier reaches (the plan then rescales the weights or refuses).
  public static func factors(for scale: Double) -> (shift: Int32, multiplier: Int16)? {
    precondition(scale.isFinite && scale > 0, "scale \(scale) is not a positive number")
    // m in [2^11, 2^12): scale = m / 2^(15 + s)  =>  s = 11 - 15 - floor(log2 scale)
    var shift = Int32(-4) - Int32(scale.exponent)
    shift = min(max(shift, shiftRange.lowerBound), shiftRange.upperBound)
    var multiplier = (scale * Double(sign: .plus, exponent: Int(15 + shift), significand: 1)).rounded()
    if multiplier == 4096, shift > 0 {
      shift -= 1
      multiplier = 2048
    }
    guard multiplier <= 32767 else { return nil }
    return (shift, Int16(multiplier))
  }
}
