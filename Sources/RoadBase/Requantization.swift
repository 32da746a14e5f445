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

  /// The rounding rule: one accumulator (bias added, rounding of the shift not yet) to one byte.
  @inlinable
  public func apply(_ accumulator: Int32) -> UInt8 {
    let shifted = (accumulator + Self.rounding(forShift: shift)) >> shift
    let value = min(max(shifted, -32768), 32767)
    let product = (value * Int32(multiplier) + (1 << 14)) >> Self.multiplierBits
    return UInt8(min(max(product + Int32(zeroPoint), Int32(low)), Int32(high)))
  }
}

extension Requantization {
  /// The shift and multiplier that round like the real product as often as the two 16-bit steps allow.
  ///
  /// Two errors pull against each other. A large `m` leaves few bits to `v`: rounding `v` moves the result by up to
  /// `m / 2^16`, which turns on average one byte in `2^17 / m` over. A small `m` is a coarse multiplier: it is off by a
  /// share of itself, which grows with the byte. So every shift with `m` in 9 to 13 bits is tried and the pair with the
  /// smallest sum of both is taken, for a byte of typical size: about one byte in a hundred then differs from the real
  /// product's rounding, always by 1. (The nearest 12-bit multiplier, without the search, makes it one in forty.)
  ///
  /// - Parameter scale: input scale × weight scale ÷ output scale; finite and positive.
  /// - Returns: nil for scale ≥ 1, which no 15-bit multiplier reaches (the plan then gives the channel a table).
  public static func factors(for scale: Double) -> (shift: Int32, multiplier: Int16)? {
    precondition(scale.isFinite && scale > 0, "scale \(scale) is not a positive number")
    // With this shift m is in [2^11, 2^12): scale = m / 2^(15 + s)  =>  s = 11 - 15 - floor(log2 scale)
    let middle = Int32(-4) - Int32(scale.exponent)
    var best: (shift: Int32, multiplier: Int16, cost: Double)?
    for candidate in middle - 3...middle + 1 {
      let shift = min(max(candidate, shiftRange.lowerBound), shiftRange.upperBound)
      let exact = scale * Double(sign: .plus, exponent: Int(15 + shift), significand: 1)
      let multiplier = exact.rounded()
      // Under 2^8 a saturated v would not reach 255; only scales too small to matter come there, at the largest shift.
      guard multiplier <= 32767, multiplier >= 256 || shift == shiftRange.upperBound else { continue }
      let cost = multiplier / 131072 + typicalByte * abs(multiplier - exact) / exact
      if best.map({ cost < $0.cost }) ?? true { best = (shift, Int16(multiplier), cost) }
    }
    return best.map { ($0.shift, $0.multiplier) }
  }

  /// Distance from the zero-point of an activation that is neither small nor rare.
  private static let typicalByte = 40.0
}
