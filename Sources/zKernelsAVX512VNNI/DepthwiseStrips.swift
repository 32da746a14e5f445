internal import CVectorUnit
import RoadKernelContract

/// 64 bytes of one source row.
typealias RowBytes = Vector
/// 64 bytes of the destination.
typealias PixelBytes = Vector
/// Sums of 64 channels, or of 32 or 16 in several strips.
typealias BlockSums = Sums64

enum OneStrip: Strips {
  static var strips: Int { 1 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _: StripOffsets) -> Vector { rv_load(pointer) }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _: StripOffsets, _ bytes: Vector) {
    rv_store(pointer, bytes)
  }
}

enum TwoStrips: Strips {
  static var strips: Int { 2 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> Vector {
    rv_insert256(rv_widen256(rv_load256(pointer)), rv_load256(pointer + offsets.second))
  }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: Vector) {
    rv_store256(pointer, rv_low256(bytes))
    rv_store256(pointer + offsets.second, rv_high256(bytes))
  }
}

enum FourStrips: Strips {
  static var strips: Int { 4 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> Vector {
    let first = rv_widen128(rv_load128(pointer))
    let second = rv_insert128_1(first, rv_load128(pointer + offsets.second))
    let third = rv_insert128_2(second, rv_load128(pointer + offsets.third))
    return rv_insert128_3(third, rv_load128(pointer + offsets.fourth))
  }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: Vector) {
    rv_store128(pointer, rv_low128(bytes))
    rv_store128(pointer + offsets.second, rv_extract128_1(bytes))
    rv_store128(pointer + offsets.third, rv_extract128_2(bytes))
    rv_store128(pointer + offsets.fourth, rv_extract128_3(bytes))
  }
}

/// Four source rows of one column, interleaved: each Int32 holds one channel's four bytes, top to bottom, in the order in which
/// ``Sums64`` holds channels.
struct Column {
  let v0: Vector
  let v1: Vector
  let v2: Vector
  let v3: Vector

  @inline(__always)
  init(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) {
    let (low, high) = (rv_unpacklo8(a, b), rv_unpackhi8(a, b))
    let (lowBelow, highBelow) = (rv_unpacklo8(c, d), rv_unpackhi8(c, d))
    v0 = rv_unpacklo16(low, lowBelow)
    v1 = rv_unpackhi16(low, lowBelow)
    v2 = rv_unpacklo16(high, highBelow)
    v3 = rv_unpackhi16(high, highBelow)
  }
}

extension Sums64 {
  /// Weights of one kernel column for 64 channels: four taps each.
  static var columnBytes: Int { 256 }

  @inline(__always)
  mutating func add(_ column: Column, _ weights: UnsafeRawPointer) {
    c0 = rv_dpbusd(c0, column.v0, rv_load(weights))
    c1 = rv_dpbusd(c1, column.v1, rv_load(weights + 64))
    c2 = rv_dpbusd(c2, column.v2, rv_load(weights + 128))
    c3 = rv_dpbusd(c3, column.v3, rv_load(weights + 192))
  }
}
