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
  init(rounding number: Int64, _ exponent: Int64) {
    let magnitude = number.magnitude
    guard magnitude != 0 else {
      (significand, self.exponent) = (0, 0)
      return
    }
    let excess = 40 - Int64(truncatingIfNeeded: magnitude.leadingZeroBitCount)
    var rounded = magnitude
    if excess <= 0 {
      rounded = magnitude &<< UInt64(-excess)
    } else {
      rounded = magnitude &>> UInt64(excess)
      let (rest, half) = (magnitude & (1 &<< UInt64(excess) &- 1), 1 as UInt64 &<< UInt64(excess &- 1))
      if rest > half || (rest == half && rounded & 1 == 1) { rounded &+= 1 }
    }
    // Rounded up to 2^24.
    let carry = rounded &>> 24
    let normal = Int64(truncatingIfNeeded: rounded &>> carry)
    significand = number < 0 ? -normal : normal
    self.exponent = exponent &+ excess &+ Int64(truncatingIfNeeded: carry)
  }

  @inlinable
  public static func * (left: Binary32, right: Binary32) -> Binary32 {
    let product = left.significand &* right.significand
    guard product != 0 else { return Binary32(rounding: 0, 0) }
    // Of 47 or 48 bits, since significands are normal.
    let magnitude = product.magnitude
    let excess = 23 &+ magnitude &>> 47
    let even = magnitude &>> excess & 1
    let rounded = (magnitude &+ even &+ (1 &<< (excess &- 1) &- 1)) &>> excess
    // Rounded up to 2^24.
    let carry = rounded &>> 24
    let normal = Int64(truncatingIfNeeded: rounded &>> carry)
    return Binary32(
      normal: product < 0 ? -normal : normal,
      left.exponent &+ right.exponent &+ Int64(truncatingIfNeeded: excess &+ carry))
  }

  /// - Parameter normal: 0, or a magnitude of 2^23..<2^24.
  @inlinable
  init(normal: Int64, _ exponent: Int64) {
    significand = normal
    self.exponent = exponent
  }

  @inlinable
  public static func + (left: Binary32, right: Binary32) -> Binary32 {
    if left.significand == 0 { return right }
    if right.significand == 0 { return left }
    let (large, small) = left.exponent >= right.exponent ? (left, right) : (right, left)
    let distance = large.exponent &- small.exponent
    // The smaller is far under half of the larger's last bit.
    guard distance <= 38 else { return large }
    return Binary32(rounding: large.significand &<< distance &+ small.significand, small.exponent)
  }

  /// - Precondition: `right` is not zero.
  @inlinable
  public static func / (left: Binary32, right: Binary32) -> Binary32 {
    // 62 bits over 25: a quotient of 37 bits or more, and one that says whether anything is left.
    let quotient = (left.significand &<< 37).quotientAndRemainder(dividingBy: right.significand)
    let isNegative = (left.significand < 0) != (right.significand < 0)
    let magnitude = Int64(quotient.quotient.magnitude) &<< 1 | (quotient.remainder == 0 ? 0 : 1)
    return Binary32(rounding: isNegative ? -magnitude : magnitude, left.exponent &- right.exponent &- 38)
  }

  /// The nearest integer, ties to the even one.
  ///
  /// - Precondition: its magnitude is under 2^31.
  @inlinable
  public var nearestInteger: Int64 {
    guard exponent < 0 else { return significand << exponent }
    guard exponent > -26 else { return 0 }
    let shift = -exponent
    let floor = significand &>> shift
    let (rest, half) = (significand &- floor &<< shift, 1 as Int64 &<< (shift &- 1))
    return rest > half || (rest == half && floor & 1 == 1) ? floor &+ 1 : floor
  }
}
