internal import CVectorUnit
import RoadKernelContract

/// What the requantization of a whole layer shares, and where that of the current panel lies.
struct Requantizer {
  let zeroPoint: Vector
  let low: Vector
  let high: Vector
  /// Panels hold 31-bit multipliers where they would hold shifts: the law of `PreciseRequantization`.
  let isPrecise: Bool
  /// Zero-point 0 and clamp 0...255: the saturation of the last narrowing is the clamp.
  let isPlain: Bool

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>) {
    let zero = arguments.pointee.zeroPoint
    let (least, most) = (arguments.pointee.low, arguments.pointee.high)
    zeroPoint = rv_set16(zero)
    low = rv_set8(least)
    high = rv_set8(most)
    isPrecise = arguments.pointee.isPrecise
    isPlain = zero == 0 && least == 0 && most == 255
  }

  @inline(__always)
  func clamp(_ bytes: Vector) -> Vector { rv_minu8(rv_maxu8(bytes, low), high) }
}

/// Sums of 64 channels of one pixel. Accumulator j holds channels 16i + 4j + (0...3) in its 128-bit lane i, so that the two
/// narrowings, which work within lanes, end in natural order.
struct Sums64 {
  var c0: Vector
  var c1: Vector
  var c2: Vector
  var c3: Vector

  /// Bias, shift or 31-bit multiplier (64 Int32 each) and multiplier (64 Int16).
  static var tableBytes: Int { 640 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 64)
    c2 = rv_load(table + 128)
    c3 = rv_load(table + 192)
  }

  @inline(__always)
  func requantized(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var first: Vector
    var second: Vector
    if requantizer.isPrecise {
      first = rv_packs32(rv_mulhrs32(c0, rv_load(table + 256)), rv_mulhrs32(c1, rv_load(table + 320)))
      second = rv_packs32(rv_mulhrs32(c2, rv_load(table + 384)), rv_mulhrs32(c3, rv_load(table + 448)))
    } else {
      first = rv_packs32(rv_srav32(c0, rv_load(table + 256)), rv_srav32(c1, rv_load(table + 320)))
      second = rv_packs32(rv_srav32(c2, rv_load(table + 384)), rv_srav32(c3, rv_load(table + 448)))
      first = rv_mulhrs16(first, rv_load(table + 512))
      second = rv_mulhrs16(second, rv_load(table + 576))
    }
    if requantizer.isPlain { return rv_packus16(first, second) }
    first = rv_adds16(first, requantizer.zeroPoint)
    second = rv_adds16(second, requantizer.zeroPoint)
    return requantizer.clamp(rv_packus16(first, second))
  }
}
