internal import CVectorUnit

/// Sums of 16 channels of one pixel. Accumulator j holds channels 8i + 4j + (0...3) in its 128-bit lane i, so that the
/// first narrowing, which works within lanes, ends in natural order.
struct Sums16 {
  var c0: Vector
  var c1: Vector

  /// Bias, shift or 31-bit multiplier (16 Int32 each) and multiplier or rounding (16 of 16 bits, padded to 64 bytes).
  static var tableBytes: Int { 192 }

  @inline(__always)
  init(c0: Vector, c1: Vector) {
    self.c0 = c0
    self.c1 = c1
  }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 32)
  }

  /// Still of 16 bits, with the zero-point, in natural order.
  @inline(__always)
  private func scaled(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var scaled: Vector
    if requantizer.roundsAsONNXRuntime {
      scaled = requantizer.onnxRuntime(c0, c1, table + 64, rounding: table + 128)
    } else {
      scaled = rv_packs32(rv_srav32(c0, rv_load(table + 64)), rv_srav32(c1, rv_load(table + 96)))
      scaled = rv_mulhrs16(scaled, rv_load(table + 128))
    }
    return requantizer.saturationIsClamp ? scaled : rv_adds16(scaled, requantizer.zeroPoint)
  }

  @inline(__always)
  func requantized(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> HalfVector {
    let bytes = rv_narrowus16(scaled(table, requantizer))
    return requantizer.isUnclamped ? bytes : rv_low128(requantizer.clamp(rv_widen128(bytes)))
  }

  /// The bytes of two pixels, which narrow better together.
  @inline(__always)
  static func requantized(
    _ first: Sums16, _ second: Sums16, _ table: UnsafeRawPointer, _ requantizer: Requantizer
  ) -> Vector {
    let mixed = rv_packus16(first.scaled(table, requantizer), second.scaled(table, requantizer))
    let bytes = rv_part_bytes(mixed)
    return requantizer.isUnclamped ? bytes : requantizer.clamp(bytes)
  }

  /// Stores a pixel and the one `pitch` bytes after it.
  @inline(__always)
  func store(
    with second: Sums16, _ pointer: UnsafeMutableRawPointer, _ pitch: Int, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer
  ) {
    let bytes = Sums16.requantized(self, second, table, requantizer)
    rv_store128(pointer, rv_low128(bytes))
    rv_store128(pointer + pitch, rv_high128(bytes))
  }
}
