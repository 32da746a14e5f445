internal import CVectorUnit
import RoadKernelContract

/// 8 channels of one source row, as Int16.
typealias RowBytes = Vector
/// 8 channels of a destination pixel, in the lower half.
typealias PixelBytes = Vector
typealias BlockSums = EightSums

/// 8 channels of a pixel: no strips.
enum OneStrip: Strips {
  static var strips: Int { 1 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _: StripOffsets) -> Vector { rv_widenu8to16(rv_load_half(pointer)) }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _: StripOffsets, _ bytes: Vector) {
    rv_store_half(pointer, bytes)
  }
}

/// Four source rows of one column.
struct Column {
  let v0: Vector
  let v1: Vector
  let v2: Vector
  let v3: Vector

  @inline(__always)
  init(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) {
    v0 = a
    v1 = b
    v2 = c
    v3 = d
  }
}

/// Sums of 8 channels of one pixel.
struct EightSums {
  private var c0: Vector
  private var c1: Vector

  /// Bias, shift or 31-bit multiplier (8 Int32 each) and multiplier or rounding (8 of 16 bits, padded to 64 bytes).
  static var tableBytes: Int { 128 }
  /// Weights of one kernel column: four taps of 8 channels, as Int16.
  static var columnBytes: Int { 64 }

  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    c0 = rv_load(table)
    c1 = rv_load(table + 16)
  }

  @inline(__always)
  private mutating func add(_ row: Vector, _ weights: UnsafeRawPointer) {
    let taps = rv_load(weights)
    c0 = rv_mlal16lo(c0, row, taps)
    c1 = rv_mlal16hi(c1, row, taps)
  }

  @inline(__always)
  mutating func add(_ column: Column, _ weights: UnsafeRawPointer) {
    addUpper(column, weights)
    add(column.v3, weights + 48)
  }

  @inline(__always)
  mutating func addUpper(_ column: Column, _ weights: UnsafeRawPointer) {
    add(column.v0, weights)
    add(column.v1, weights + 16)
    add(column.v2, weights + 32)
  }

  /// The lower three rows under the same weights as the upper ones.
  @inline(__always)
  mutating func addLower(_ column: Column, _ weights: UnsafeRawPointer) {
    add(column.v1, weights)
    add(column.v2, weights + 16)
    add(column.v3, weights + 32)
  }

  @inline(__always)
  func requantized(_ table: UnsafeRawPointer, _ requantizer: Requantizer) -> Vector {
    var words: Vector
    if requantizer.roundsAsONNXRuntime {
      words = requantizer.onnxRuntime(c0, c1, table + 32, rounding: table + 64)
    } else {
      words = rv_packs32(rv_srav32(c0, rv_load(table + 32)), rv_srav32(c1, rv_load(table + 48)))
      words = rv_mulhrs16(words, rv_load(table + 64))
    }
    if requantizer.saturationIsClamp { return rv_narrowus16(words) }
    return requantizer.clamp(rv_narrowus16(rv_adds16(words, requantizer.zeroPoint)))
  }
}

/// Depthwise convolution: one multiply-add serves one tap of 4 channels; two output rows share the widened columns.
@inline(never)
public func depthwiseNEON(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = DepthwiseWalk(arguments, firstRow, endRow)
  var channels = arguments.pointee.destination.channels
  while channels > 0 {
    switch walk.path {
    case .rowPairs: rowPairs(&walk)
    case .stride2: stride2Rows(&walk)
    case .anyWindow: anyWindow(&walk)
    }
    walk.endBlock(8)
    channels -= 8
  }
}

// Each takes a local copy of the walk, so that stores of pixels cannot change it in the eyes of the compiler.

@inline(never)
func rowPairs(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(OneStrip.self)
}

@inline(never)
func stride2Rows(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(OneStrip.self)
}

@inline(never)
func anyWindow(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(OneStrip.self)
}
