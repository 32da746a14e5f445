internal import CVectorUnit
import RoadKernelContract

/// One pixel's sums over a panel of 64 output channels; weights lie as 4 vectors a group of 4 input channels.
struct PixelSums64: PixelSums {
  typealias Bytes = Vector
  struct Weights {
    let w0: Vector
    let w1: Vector
    let w2: Vector
    let w3: Vector
  }

  var sums: FourSums

  static var channels: Int { 64 }
  static var tableBytes: Int { FourSums.tableBytes }
  static var groupBytes: Int { 256 }
  static var tile: Int { 6 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) { sums = FourSums(bias: table) }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> Weights {
    Weights(
      w0: rv_load(pointer), w1: rv_load(pointer + 64), w2: rv_load(pointer + 128),
      w3: rv_load(pointer + 192))
  }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> Vector { rv_broadcast32(pointer) }

  @inline(__always)
  mutating func add(_ bytes: Vector, _ weights: Weights) {
    sums.c0 = rv_dpbusd(sums.c0, bytes, weights.w0)
    sums.c1 = rv_dpbusd(sums.c1, bytes, weights.w1)
    sums.c2 = rv_dpbusd(sums.c2, bytes, weights.w2)
    sums.c3 = rv_dpbusd(sums.c3, bytes, weights.w3)
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    rv_store(pointer, sums.requantized(table, requantizer))
  }
}

/// 32 output channels. Accumulator j holds channels 8i + 4j + (0...3) in lane i.
struct PixelSums32: PixelSums {
  typealias Bytes = Vector
  struct Weights {
    let w0: Vector
    let w1: Vector
  }

  var c0: Vector
  var c1: Vector

  static var channels: Int { 32 }
  static var tableBytes: Int { 320 }
  static var groupBytes: Int { 128 }
  static var tile: Int { 12 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 64)
  }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> Weights {
    Weights(w0: rv_load(pointer), w1: rv_load(pointer + 64))
  }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> Vector { rv_broadcast32(pointer) }

  @inline(__always)
  mutating func add(_ bytes: Vector, _ weights: Weights) {
    c0 = rv_dpbusd(c0, bytes, weights.w0)
    c1 = rv_dpbusd(c1, bytes, weights.w1)
  }

  @inline(__always)
  private func scaled(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var scaled: Vector
    if requantizer.roundsAsONNXRuntime {
      scaled = requantizer.onnxRuntime(c0, c1, table + 128, rounding: table + 256)
    } else {
      scaled = rv_packs32(rv_srav32(c0, rv_load(table + 128)), rv_srav32(c1, rv_load(table + 192)))
      scaled = rv_mulhrs16(scaled, rv_load(table + 256))
    }
    return requantizer.saturationIsClamp ? scaled : rv_adds16(scaled, requantizer.zeroPoint)
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    let value = rv_max16(scaled(table, requantizer), rv_zero())
    let bytes = requantizer.clamp(rv_widen256(rv_narrowus16(value)))
    rv_store256(pointer, rv_low256(bytes))
  }

  /// Narrowing two pixels at once leaves 8 bytes of one beside 8 of the other; one permutation parts them.
  @inline(__always)
  static func store(
    _ first: Self, _ second: Self, _ pointer: UnsafeMutableRawPointer, _ pitch: Int, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer
  ) {
    let mixed = rv_packus16(first.scaled(table, requantizer), second.scaled(table, requantizer))
    var bytes = rv_permute64(mixed, rv_even_odd64())
    if !requantizer.saturationIsClamp { bytes = requantizer.clamp(bytes) }
    rv_store256(pointer, rv_low256(bytes))
    rv_store256(pointer + pitch, rv_high256(bytes))
  }
}

/// 16 output channels in natural order.
struct PixelSums16: PixelSums {
  typealias Bytes = Vector
  typealias Weights = Vector

  var c0: Vector

  static var channels: Int { 16 }
  static var tableBytes: Int { 192 }
  static var groupBytes: Int { 64 }
  static var tile: Int { 12 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) { c0 = rv_load(table) }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> Vector { rv_load(pointer) }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> Vector { rv_broadcast32(pointer) }

  @inline(__always)
  mutating func add(_ bytes: Vector, _ weights: Vector) { c0 = rv_dpbusd(c0, bytes, weights) }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    var value: Vector
    if requantizer.roundsToNearest {
      value = rv_widen256(rv_narrows32(rv_mulhi32_halved(c0, table + 64)))
    } else if requantizer.roundsAsONNXRuntime {
      value = rv_widen256(rv_narrows32(rv_muladdhi32(c0, rv_load(table + 64), rv_upper32(table + 128))))
    } else {
      value = rv_widen256(rv_narrows32(rv_srav32(c0, rv_load(table + 64))))
      value = rv_mulhrs16(value, rv_widen256(rv_load256(table + 128)))
    }
    value = rv_adds16(value, requantizer.zeroPoint)
    value = rv_max16(value, rv_zero())
    let bytes = requantizer.clamp(rv_widen256(rv_narrowus16(value)))
    rv_store128(pointer, rv_low128(bytes))
  }
}
