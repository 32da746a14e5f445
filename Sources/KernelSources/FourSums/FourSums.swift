internal import CVectorUnit

/// Sums of one pixel in four vectors: 64 channels in AVX-512, 32 in AVX-VNNI, 16 in NEON. Accumulator j holds channels
/// 16i + 4j + (0...3) in its 128-bit lane i, so that the two narrowings, which work within lanes, end in natural order.
struct FourSums {
  var c0: Vector
  var c1: Vector
  var c2: Vector
  var c3: Vector

  /// Bias, shift or 31-bit multiplier (an Int32 a channel each) and multiplier or rounding (16 bits).
  static var tableBytes: Int { (10 &* vectorBytes &+ 63) / 64 &* 64 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + vectorBytes)
    c2 = rv_load(table + 2 &* vectorBytes)
    c3 = rv_load(table + 3 &* vectorBytes)
  }

  @inline(__always)
  func requantized(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var first: Vector
    var second: Vector
    if requantizer.roundsAsONNXRuntime {
      first = requantizer.onnxRuntime(c0, c1, table + 4 &* vectorBytes, rounding: table + 8 &* vectorBytes)
      second = requantizer.onnxRuntime(c2, c3, table + 6 &* vectorBytes, rounding: table + 9 &* vectorBytes)
    } else {
      first = rv_packs32(
        rv_srav32(c0, rv_load(table + 4 &* vectorBytes)), rv_srav32(c1, rv_load(table + 5 &* vectorBytes)))
      second = rv_packs32(
        rv_srav32(c2, rv_load(table + 6 &* vectorBytes)), rv_srav32(c3, rv_load(table + 7 &* vectorBytes)))
      first = rv_mulhrs16(first, rv_load(table + 8 &* vectorBytes))
      second = rv_mulhrs16(second, rv_load(table + 9 &* vectorBytes))
    }
    if requantizer.saturationIsClamp { return rv_packus16(first, second) }
    first = rv_adds16(first, requantizer.zeroPoint)
    second = rv_adds16(second, requantizer.zeroPoint)
    return requantizer.clamp(rv_packus16(first, second))
  }
}
