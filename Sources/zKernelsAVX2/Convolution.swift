internal import CVectorUnit
import RoadKernelContract

/// Four bytes of a pixel as Int16: (first, third) and (second, fourth) in every Int32. pmaddwd on them is exact;
/// pmaddubsw on the bytes themselves would be half the work, but saturates.
struct SplitBytes {
  let even: Vector
  let odd: Vector

  @inline(__always)
  init(_ pointer: UnsafeRawPointer) {
    let bytes = rv_broadcast32(pointer)
    even = rv_and(bytes, rv_set16(0xFF))
    odd = rv_srl16_8(bytes)
  }

  /// Four products added to each of 8 sums; weights are 8 even pairs, then 8 odd pairs.
  @inline(__always)
  func added(to sum: Vector, _ weights: UnsafeRawPointer) -> Vector {
    rv_add32(rv_add32(sum, rv_madd16_at(even, weights)), rv_madd16_at(odd, weights + 32))
  }
}

/// 32 output channels of a pixel. Accumulator j holds channels 16i + 4j + (0...3) in lane i.
struct PixelSums32: PixelSums {
  typealias Bytes = SplitBytes
  /// Weights stay in memory: 3 pixels fill the 16 registers.
  typealias Weights = UnsafeRawPointer

  var c0: Vector
  var c1: Vector
  var c2: Vector
  var c3: Vector

  static var channels: Int { 32 }
  static var tableBytes: Int { 320 }
  static var groupBytes: Int { 256 }
  static var tile: Int { 3 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 32)
    c2 = rv_load(table + 64)
    c3 = rv_load(table + 96)
  }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> UnsafeRawPointer { pointer }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> SplitBytes { SplitBytes(pointer) }

  @inline(__always)
  mutating func add(_ bytes: SplitBytes, _ weights: UnsafeRawPointer) {
    c0 = bytes.added(to: c0, weights)
    c1 = bytes.added(to: c1, weights + 64)
    c2 = bytes.added(to: c2, weights + 128)
    c3 = bytes.added(to: c3, weights + 192)
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    var first: Vector
    var second: Vector
    if requantizer.roundsAsONNXRuntime {
      first = requantizer.onnxRuntime(c0, c1, table + 128, rounding: table + 256)
      second = requantizer.onnxRuntime(c2, c3, table + 192, rounding: table + 288)
    } else {
      first = rv_packs32(rv_srav32(c0, rv_load(table + 128)), rv_srav32(c1, rv_load(table + 160)))
      second = rv_packs32(rv_srav32(c2, rv_load(table + 192)), rv_srav32(c3, rv_load(table + 224)))
      first = rv_mulhrs16(first, rv_load(table + 256))
      second = rv_mulhrs16(second, rv_load(table + 288))
    }
    if requantizer.saturationIsClamp { return rv_store(pointer, rv_packus16(first, second)) }
    first = rv_adds16(first, requantizer.zeroPoint)
    second = rv_adds16(second, requantizer.zeroPoint)
    rv_store(pointer, requantizer.clamp(rv_packus16(first, second)))
  }
}

/// 16 output channels of a pixel.
struct PixelSums16: PixelSums {
  typealias Bytes = SplitBytes
  typealias Weights = UnsafeRawPointer

  var sums: Sums16

  static var channels: Int { 16 }
  static var tableBytes: Int { Sums16.tableBytes }
  static var groupBytes: Int { 128 }
  static var tile: Int { 6 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) { sums = Sums16(bias: table) }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> UnsafeRawPointer { pointer }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> SplitBytes { SplitBytes(pointer) }

  @inline(__always)
  mutating func add(_ bytes: SplitBytes, _ weights: UnsafeRawPointer) {
    sums.c0 = bytes.added(to: sums.c0, weights)
    sums.c1 = bytes.added(to: sums.c1, weights + 64)
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    rv_store128(pointer, sums.requantized(table, requantizer))
  }

  @inline(__always)
  static func store(
    _ first: Self, _ second: Self, _ pointer: UnsafeMutableRawPointer, _ pitch: Int, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer
  ) {
    first.sums.store(with: second.sums, pointer, pitch, table, requantizer)
  }
}

@inline(never)
public func convolutionAVX2(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  convolution(arguments, firstRow, endRow)
}
