/// A number of IEEE 754-2019 binary32 and its rounding (to nearest, ties to even), computed with integers: for results
/// that another engine's floats decide.
///
/// Exponents are unbounded, so it is the standard's arithmetic as long as no result leaves the normal range.
public struct Binary32: Hashable, Sendable {
  /// 0, or a magnitude of 2^23..<2^24.
  public let significand: Int64
  public let exponent: Int64

  /// The number itself.
  ///
  /// - Precondition: `number` is finite.
  public init(_ number: Float) {
    precondition(number.isFinite, "\(number) is not finite")
    let fraction = Int64(number.significandBitPattern)
    let magnitude = number.isNormal ? fraction | 1 << 23 : fraction
    let exponent = Int64(max(number.exponentBitPattern, 1)) - 150
    self.init(rounding: number.sign == .minus ? -magnitude : magnitude, exponent)
  }

  /// `number · 2^exponent`, rounded to 24 bits.
  @inlinable
  @inline(__always)
  init(rounding number: Int64, _ exponent: Int64) {
    let magnitude = number.magnitude
    let zeros = UInt64(truncatingIfNeeded: magnitude.leadingZeroBitCount) & 63
    // The highest bit in place 62, what falls off below kept as not zero.
    let high = magnitude &<< zeros
    let placed = high &>> 1 | high & 1
    let rounded = Self.rounded(placed, 39)
    self.init(
      rounded, isNegative: number < 0, exponent &+ 40 &- Int64(truncatingIfNeeded: zeros))
  }

  /// Without the lowest `excess` bits, to nearest, ties to even: 0, or 2^23...2^24.
  @inlinable
  @inline(__always)
  static func rounded(_ magnitude: UInt64, _ excess: UInt64) -> UInt64 {
    let even = magnitude &>> excess & 1
    return (magnitude &+ even &+ (1 &<< (excess &- 1) &- 1)) &>> excess
  }

  /// Of what ``rounded(_:_:)`` gives.
  @inlinable
  @inline(__always)
  init(_ rounded: UInt64, isNegative: Bool, _ exponent: Int64) {
    // Rounded up to 2^24.
    let carry = rounded &>> 24
    let normal = Int64(truncatingIfNeeded: rounded &>> carry)
    significand = isNegative ? 0 &- normal : normal
    self.exponent = normal == 0 ? 0 : exponent &+ Int64(truncatingIfNeeded: carry)
  }

  @inlinable
  @inline(__always)
  public static func * (left: Binary32, right: Binary32) -> Binary32 {
    let product = left.significand &* right.significand
    // Of 47 or 48 bits, since significands are normal.
    let magnitude = product.magnitude
    let excess = 23 &+ magnitude &>> 47
    return Binary32(
      rounded(magnitude, excess), isNegative: product < 0,
      left.exponent &+ right.exponent &+ Int64(truncatingIfNeeded: excess))
  }

  @inlinable
  @inline(__always)
  public static func + (left: Binary32, right: Binary32) -> Binary32 {
    // Zero has the exponent of the other.
    let leftExponent = left.significand == 0 ? right.exponent : left.exponent
    let rightExponent = right.significand == 0 ? left.exponent : right.exponent
    let leftIsLarge = leftExponent >= rightExponent
    let large = leftIsLarge ? left : right
    let small = leftIsLarge ? right : left
    let distance = (leftExponent &- rightExponent).magnitude
    // The smaller is far under half of the larger's last bit.
    guard distance <= 38 else { return large }
    return Binary32(
      rounding: large.significand &<< Int64(truncatingIfNeeded: distance) &+ small.significand,
      leftIsLarge ? rightExponent : leftExponent)
  }

  /// - Precondition: `right` is not zero.
  @inlinable
  @inline(__always)
  public static func / (left: Binary32, right: Binary32) -> Binary32 {
    // 62 bits over 25: a quotient of 37 bits or more, and one that says whether anything is left.
    let quotient = (left.significand &<< 37).quotientAndRemainder(dividingBy: right.significand)
    let isNegative = (left.significand < 0) != (right.significand < 0)
    let magnitude = Int64(quotient.quotient.magnitude) &<< 1 | (quotient.remainder == 0 ? 0 : 1)
    return Binary32(rounding: isNegative ? -magnitude : magnitude, left.exponent &- right.exponent &- 38)
  }

  @inlinable
  @inline(__always)
  public func isAtLeast(_ other: Binary32) -> Bool {
    // Zero and numbers of two signs are told apart by their significands, numbers of the same by their exponents first.
    if significand == 0 || other.significand == 0 || significand ^ other.significand < 0 {
      return significand >= other.significand
    }
    if exponent == other.exponent { return significand >= other.significand }
    return (exponent > other.exponent) == (significand > 0)
  }

  /// The nearest integer, ties to the even one.
  ///
  /// - Precondition: its magnitude is under 2^31.
  @inlinable
  @inline(__always)
  public var nearestInteger: Int64 {
    guard exponent < 0 else { return significand << exponent }
    guard exponent > -26 else { return 0 }
    let shift = -exponent
    let floor = significand &>> shift
    let (rest, half) = (significand &- floor &<< shift, 1 as Int64 &<< (shift &- 1))
    return rest > half || (rest == half && floor & 1 == 1) ? floor &+ 1 : floor
  }
}
