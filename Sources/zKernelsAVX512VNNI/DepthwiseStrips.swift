internal import CVectorUnit
import RoadKernelContract

/// Where the 2 or 4 strips of a row start, in bytes after the first one: with fewer than 64 channels a vector holds the same
/// channels of pixels that lie a half or a quarter of the row apart.
struct StripOffsets {
  let second: Int
  let third: Int
  let fourth: Int
  /// Pixels in each strip.
  let pixels: Int

  /// - Parameters:
  ///   - count: pixels of the row; strips overlap where they do not divide it.
  @inline(__always)
  init(count: Int, strips: Int, step: Int) {
    pixels = (count &+ strips &- 1) / strips
    let last = count &- pixels
    second = min(pixels, last) &* step
    third = min(2 &* pixels, last) &* step
    fourth = min(3 &* pixels, last) &* step
  }
}

/// A vector of 64 bytes: one pixel's 64 channels, or 32 or 16 channels of pixels in several strips.
protocol Strips {
  static var channels: Int { get }
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> Vector
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: Vector)
}

enum OneStrip: Strips {
  static var channels: Int { 64 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _: StripOffsets) -> Vector { rv512_load(pointer) }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _: StripOffsets, _ bytes: Vector) {
    rv512_store(pointer, bytes)
  }
}

enum TwoStrips: Strips {
  static var channels: Int { 32 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> Vector {
    rv512_insert256(rv512_widen256(rv512_load256(pointer)), rv512_load256(pointer + offsets.second))
  }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: Vector) {
    rv512_store256(pointer, rv512_low256(bytes))
    rv512_store256(pointer + offsets.second, rv512_high256(bytes))
  }
}

enum FourStrips: Strips {
  static var channels: Int { 16 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> Vector {
    let first = rv512_widen128(rv512_load128(pointer))
    let second = rv512_insert128_1(first, rv512_load128(pointer + offsets.second))
    let third = rv512_insert128_2(second, rv512_load128(pointer + offsets.third))
    return rv512_insert128_3(third, rv512_load128(pointer + offsets.fourth))
  }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: Vector) {
    rv512_store128(pointer, rv512_low128(bytes))
    rv512_store128(pointer + offsets.second, rv512_extract128_1(bytes))
    rv512_store128(pointer + offsets.third, rv512_extract128_2(bytes))
    rv512_store128(pointer + offsets.fourth, rv512_extract128_3(bytes))
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
    let (low, high) = (rv512_unpacklo8(a, b), rv512_unpackhi8(a, b))
    let (lowBelow, highBelow) = (rv512_unpacklo8(c, d), rv512_unpackhi8(c, d))
    v0 = rv512_unpacklo16(low, lowBelow)
    v1 = rv512_unpackhi16(low, lowBelow)
    v2 = rv512_unpacklo16(high, highBelow)
    v3 = rv512_unpackhi16(high, highBelow)
  }
}

extension Sums64 {
  @inline(__always)
  mutating func add(_ column: Column, _ weights: UnsafeRawPointer) {
    c0 = rv512_dpbusd(c0, column.v0, rv512_load(weights))
    c1 = rv512_dpbusd(c1, column.v1, rv512_load(weights + 64))
    c2 = rv512_dpbusd(c2, column.v2, rv512_load(weights + 128))
    c3 = rv512_dpbusd(c3, column.v3, rv512_load(weights + 192))
  }
}
