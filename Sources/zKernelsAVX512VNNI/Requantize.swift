internal import CVectorUnit
import RoadKernelContract

typealias Vector = SIMD8<Int64>

/// What the requantization of a whole layer shares, and where that of the current panel lies.
struct Requantizer {
  let zeroPoint: Vector
  let low: Vector
  let high: Vector
  /// Zero-point 0 and clamp 0...255: the saturation of the last narrowing is the clamp.
  let isPlain: Bool

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>) {
    let zero = arguments.pointee.zeroPoint
    let (least, most) = (arguments.pointee.low, arguments.pointee.high)
    zeroPoint = rv512_set16(zero)
    low = rv512_set8(least)
    high = rv512_set8(most)
    isPlain = zero == 0 && least == 0 && most == 255
  }

  @inline(__always)
  func clamp(_ bytes: Vector) -> Vector { rv512_minu8(rv512_maxu8(bytes, low), high) }
}

/// Sums of 64 channels of one pixel. Accumulator j holds channels 16i + 4j + (0...3) in its 128-bit lane i, so that the two
/// narrowings, which work within lanes, end in natural order.
struct Sums64 {
  var c0: Vector
  var c1: Vector
  var c2: Vector
  var c3: Vector

  /// Bias, shift (64 Int32 each) and multiplier (64 Int16).
  static var tableBytes: Int { 640 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv512_load(table)
    c1 = rv512_load(table + 64)
    c2 = rv512_load(table + 128)
    c3 = rv512_load(table + 192)
  }

  @inline(__always)
  func requantized(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var first = rv512_packs32(
      rv512_srav32(c0, rv512_load(table + 256)), rv512_srav32(c1, rv512_load(table + 320)))
    var second = rv512_packs32(
      rv512_srav32(c2, rv512_load(table + 384)), rv512_srav32(c3, rv512_load(table + 448)))
    first = rv512_mulhrs16(first, rv512_load(table + 512))
    second = rv512_mulhrs16(second, rv512_load(table + 576))
    if requantizer.isPlain { return rv512_packus16(first, second) }
    first = rv512_adds16(first, requantizer.zeroPoint)
    second = rv512_adds16(second, requantizer.zeroPoint)
    return requantizer.clamp(rv512_packus16(first, second))
  }
}
