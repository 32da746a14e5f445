internal import CVectorUnit
import RoadKernelContract

/// 16 channels of one source row, as Int16.
typealias RowBytes = Vector
/// 16 channels of a destination pixel.
typealias PixelBytes = HalfVector
typealias BlockSums = Sums16

/// 16 channels of a pixel: no strips.
enum OneStrip: Strips {
  static var strips: Int { 1 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _: StripOffsets) -> Vector { rv_widenu8to16(rv_load128(pointer)) }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _: StripOffsets, _ bytes: HalfVector) {
    rv_store128(pointer, bytes)
  }

  @inline(__always)
  static func store(
    _ first: Sums16, _ second: Sums16, _ firstPointer: UnsafeMutableRawPointer,
    _ secondPointer: UnsafeMutableRawPointer, _: StripOffsets, _ table: UnsafeRawPointer, _ requantizer: Requantizer
  ) {
    let bytes = Sums16.requantized(first, second, table, requantizer)
    rv_store128(firstPointer, rv_low128(bytes))
    rv_store128(secondPointer, rv_high128(bytes))
  }
}

/// Four source rows of one column, interleaved by twos: each Int32 holds one channel of two rows, in the order of
/// ``Sums16``.
struct Column {
  let upper0: Vector
  let upper1: Vector
  let lower0: Vector
  let lower1: Vector

  @inline(__always)
  init(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) {
    upper0 = rv_unpacklo16(a, b)
    upper1 = rv_unpackhi16(a, b)
    lower0 = rv_unpacklo16(c, d)
    lower1 = rv_unpackhi16(c, d)
  }
}

extension Sums16 {
  /// Weights of one kernel column: pairs for the upper two taps of 16 channels, then for the lower two.
  static var columnBytes: Int { 128 }

  @inline(__always)
  mutating func add(_ column: Column, _ weights: UnsafeRawPointer) {
    c0 = rv_add32(c0, rv_madd16(column.upper0, rv_load(weights)))
    c1 = rv_add32(c1, rv_madd16(column.upper1, rv_load(weights + 32)))
    c0 = rv_add32(c0, rv_madd16(column.lower0, rv_load(weights + 64)))
    c1 = rv_add32(c1, rv_madd16(column.lower1, rv_load(weights + 96)))
  }

  /// The upper three rows, or the lower three; weights of the latter lie three columns behind.
  @inline(__always)
  mutating func addUpper(_ column: Column, _ weights: UnsafeRawPointer) { add(column, weights) }

  @inline(__always)
  mutating func addLower(_ column: Column, _ weights: UnsafeRawPointer) {
    add(column, weights + 3 &* Self.columnBytes)
  }
}

/// Depthwise convolution. One pmaddwd serves two taps of 8 channels; two output rows share the interleaved columns.
@inline(never)
public func depthwiseAVX2(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = DepthwiseWalk(arguments, firstRow, endRow)
  var channels = arguments.pointee.destination.storedChannels
  while channels > 0 {
    switch walk.path {
    case .rowPairs: rowPairs(&walk)
    case .stride2: stride2Rows(&walk)
    case .anyWindow: anyWindow(&walk)
    }
    walk.endBlock(16)
    channels -= 16
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
