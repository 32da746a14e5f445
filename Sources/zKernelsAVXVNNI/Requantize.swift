internal import CVectorUnit
import RoadKernelContract

/// What the requantization of a whole layer shares.
struct Requantizer {
  let zeroPoint: Vector
  let low: Vector
  let high: Vector
  /// Panels hold 31-bit multipliers where they would hold shifts: the law of `PreciseRequantization`.
  let isPrecise: Bool

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>) {
    zeroPoint = rv_set16(arguments.pointee.zeroPoint)
    low = rv_set8(arguments.pointee.low)
    high = rv_set8(arguments.pointee.high)
    isPrecise = arguments.pointee.isPrecise
  }

  @inline(__always)
  func clamp(_ bytes: Vector) -> Vector { rv_minu8(rv_maxu8(bytes, low), high) }
}

/// Sums of 32 channels of one pixel. Accumulator j holds channels 16i + 4j + (0...3) in its 128-bit lane i, so that the two
/// narrowings, which work within lanes, end in natural order.
struct Sums32 {
  var c0: Vector
  var c1: Vector
  var c2: Vector
  var c3: Vector

  /// Bias, shift or 31-bit multiplier (32 Int32 each) and multiplier (32 Int16).
  static var tableBytes: Int { 320 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 32)
    c2 = rv_load(table + 64)
    c3 = rv_load(table + 96)
  }

  @inline(__always)
  func requantized(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var first: Vector
    var second: Vector
    if requantizer.isPrecise {
      first = rv_packs32(rv_mulhrs32(c0, rv_load(table + 128)), rv_mulhrs32(c1, rv_load(table + 160)))
      second = rv_packs32(rv_mulhrs32(c2, rv_load(table + 192)), rv_mulhrs32(c3, rv_load(table + 224)))
    } else {
      first = rv_packs32(rv_srav32(c0, rv_load(table + 128)), rv_srav32(c1, rv_load(table + 160)))
      second = rv_packs32(rv_srav32(c2, rv_load(table + 192)), rv_srav32(c3, rv_load(table + 224)))
      first = rv_mulhrs16(first, rv_load(table + 256))
      second = rv_mulhrs16(second, rv_load(table + 288))
    }
    first = rv_adds16(first, requantizer.zeroPoint)
    second = rv_adds16(second, requantizer.zeroPoint)
    return requantizer.clamp(rv_packus16(first, second))
  }
}
