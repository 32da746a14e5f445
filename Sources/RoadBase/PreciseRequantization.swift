/// From a 32-bit accumulator to an 8-bit activation with a 31-bit multiplier: the law for networks that others quantized, whose
/// authors expect the real product's rounding. ``Requantization`` is the faster law of roadseg's own networks.
///
/// With a multiplier `m`, a zero-point `z` and a clamp `[low, high]`:
///
///     q   = floor((acc·m + 2^31) / 2^32)
///     out = clamp(q + z, low, high)
///
/// To nearest, ties towards plus infinity. Ranges: `acc` any Int32, `m` 0..<2^31: `|q| ≤ 2^30`.
public struct PreciseRequantization: Hashable, Sendable {
  public var multiplier: Int32
  public var zeroPoint: UInt8
  /// Lowest and highest byte that may come out: the fused activation.
  public var low: UInt8
  public var high: UInt8

  public init(multiplier: Int32, zeroPoint: UInt8 = 0, low: UInt8 = 0, high: UInt8 = 255) {
    precondition(multiplier >= 0, "multiplier \(multiplier) is negative")
    precondition(low <= high, "clamp \(low)...\(high) is empty")
    self.multiplier = multiplier
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }

  /// The law but for zero-point and clamp.
  @inlinable
  public static func scaled(_ accumulator: Int32, by multiplier: Int32) -> Int32 {
    Int32(truncatingIfNeeded: (Int64(accumulator) &* Int64(multiplier) &+ 1 << 31) &>> 32)
  }

  /// The law: one accumulator (bias added) to one byte.
  @inlinable
  public func apply(_ accumulator: Int32) -> UInt8 {
    UInt8(min(max(Self.scaled(accumulator, by: multiplier) + Int32(zeroPoint), Int32(low)), Int32(high)))
  }

  /// The nearest multiplier. A factor of 2^-10 has 22 bits left: the byte is then off by less than 2^-14 before it is rounded.
  ///
  /// - Parameter scale: input scale × weight scale ÷ output scale; finite and positive.
  /// - Returns: nil for half a step a unit and more, which no 31-bit multiplier reaches.
  public static func multiplier(for scale: Double) -> Int32? {
    precondition(scale.isFinite && scale > 0, "scale \(scale) is not a positive number")
    let exact = (scale * 0x1p32).rounded()
    return exact < 0x1p31 ? Int32(exact) : nil
  }
}
