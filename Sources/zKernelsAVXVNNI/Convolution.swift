internal import CVectorUnit
import RoadKernelContract

/// One pixel's sums over a panel of 32 output channels; weights lie as 4 vectors a group of 4 input channels.
struct PixelSums32: PixelSums {
  typealias Bytes = Vector
  /// Weights stay in memory: 3 pixels fill the 16 registers.
  typealias Weights = UnsafeRawPointer

  var sums: FourSums

  static var channels: Int { 32 }
  static var tableBytes: Int { FourSums.tableBytes }
  static var groupBytes: Int { 128 }
  static var tile: Int { 3 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) { sums = FourSums(bias: table) }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> UnsafeRawPointer { pointer }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> Vector { rv_broadcast32(pointer) }

  @inline(__always)
  mutating func add(_ bytes: Vector, _ weights: UnsafeRawPointer) {
    sums.c0 = rv_dpbusd(sums.c0, bytes, rv_load(weights))
    sums.c1 = rv_dpbusd(sums.c1, bytes, rv_load(weights + 32))
    sums.c2 = rv_dpbusd(sums.c2, bytes, rv_load(weights + 64))
    sums.c3 = rv_dpbusd(sums.c3, bytes, rv_load(weights + 96))
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    rv_store(pointer, sums.requantized(table, requantizer))
  }
}

/// 16 output channels. Accumulator j holds channels 8i + 4j + (0...3) in lane i.
struct PixelSums16: PixelSums {
  typealias Bytes = Vector
  typealias Weights = UnsafeRawPointer

  var c0: Vector
  var c1: Vector

  static var channels: Int { 16 }
  static var tableBytes: Int { 192 }
  static var groupBytes: Int { 64 }
  static var tile: Int { 6 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 32)
  }

  @inline(__always)
  static func weights(_ pointer: UnsafeRawPointer) -> UnsafeRawPointer { pointer }

  @inline(__always)
  static func bytes(_ pointer: UnsafeRawPointer) -> Vector { rv_broadcast32(pointer) }

  @inline(__always)
  mutating func add(_ bytes: Vector, _ weights: UnsafeRawPointer) {
    c0 = rv_dpbusd(c0, bytes, rv_load(weights))
    c1 = rv_dpbusd(c1, bytes, rv_load(weights + 32))
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    var scaled: Vector
    if requantizer.roundsAsONNXRuntime {
      scaled = requantizer.onnxRuntime(c0, c1, table + 64, rounding: table + 128)
    } else {
      scaled = rv_packs32(rv_srav32(c0, rv_load(table + 64)), rv_srav32(c1, rv_load(table + 96)))
      scaled = rv_mulhrs16(scaled, rv_load(table + 128))
    }
    scaled = rv_adds16(scaled, requantizer.zeroPoint)
    rv_store128(pointer, rv_low128(requantizer.clamp(rv_widen128(rv_narrowus16(scaled)))))
  }
}

@inline(never)
public func convolutionAVXVNNI(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  convolution(arguments, firstRow, endRow)
}
