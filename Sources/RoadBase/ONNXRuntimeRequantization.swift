/// From a 32-bit accumulator to an 8-bit activation with a 31-bit multiplier: the rounding rule for networks that
/// others quantized, whose authors expect the real product's rounding. ``Requantization`` is the faster rounding rule
/// of roadseg's own networks.
///
/// With a multiplier `m`, a rounding `r`, a zero-point `z` and a clamp `[low, high]`:
///
///     q   = floor((acc·m + r·2^16) / 2^32)
///     out = clamp(q + z, low, high)
///
/// With `r = 2^15` to nearest, ties towards plus infinity; another `r` adds a part of a unit to every accumulator.
/// Ranges: `acc` any Int32, `m` 0..<2^31, `r` 0..<2^16: `|q| ≤ 2^30`.
public struct ONNXRuntimeRequantization: Hashable, Sendable {
  public var factor: ONNXRuntimeFactor
  public var zeroPoint: UInt8
  /// Lowest and highest byte that may come out: the fused activation.
  public var low: UInt8
  public var high: UInt8

  public init(factor: ONNXRuntimeFactor, zeroPoint: UInt8 = 0, low: UInt8 = 0, high: UInt8 = 255) {
    precondition(low <= high, "clamp \(low)...\(high) is empty")
    self.factor = factor
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }

  /// The rounding rule but for zero-point and clamp.
  @inlinable
  public static func scaled(_ accumulator: Int32, by factor: ONNXRuntimeFactor) -> Int32 {
    Int32(truncatingIfNeeded: (Int64(accumulator) &* Int64(factor.multiplier) &+ Int64(factor.rounding) << 16) &>> 32)
  }

  /// The rounding rule: one accumulator (bias added) to one byte.
  @inlinable
  public func apply(_ accumulator: Int32) -> UInt8 {
    UInt8(min(max(Self.scaled(accumulator, by: factor) + Int32(zeroPoint), Int32(low)), Int32(high)))
  }

}

/// What one output channel's accumulators are multiplied by, and what rounds them.
public struct ONNXRuntimeFactor: Hashable, Sendable {
  /// To nearest, ties towards plus infinity.
  public static let half: UInt16 = 1 << 15

  /// 0..<2^31: steps of the output a unit of the accumulator, times 2^32.
  public var multiplier: Int32
  /// Steps of the output times 2^16.
  public var rounding: UInt16

  public init(multiplier: Int32, rounding: UInt16 = Self.half) {
    precondition(multiplier >= 0, "multiplier \(multiplier) is negative")
    self.multiplier = multiplier
    self.rounding = rounding
  }

  /// The nearest factor; nil for half a step a unit and more, which no 31-bit multiplier reaches.
  ///
  /// A scale of 2^-10 has 22 bits left: the byte is then off by less than 2^-14 before it is rounded. The rest is off
  /// by 2^-17 at most.
  ///
  /// - Parameters:
  ///   - scale: input scale × weight scale ÷ output scale; finite and positive.
  ///   - rest: part of a unit, −1/2...1/2, that is added to every accumulator: what a bias that is a real number has
  ///     over a whole one.
  public init?(scale: Double, rest: Double = 0) {
    precondition(scale.isFinite && scale > 0, "scale \(scale) is not a positive number")
    precondition(abs(rest) <= 0.5, "\(rest) is more than half a unit")
    let exact = (scale * 0x1p32).rounded()
    guard exact < 0x1p31 else { return nil }
    self.init(multiplier: Int32(exact), rounding: UInt16(Double(Self.half) + (rest * scale * 0x1p16).rounded()))
  }
}
