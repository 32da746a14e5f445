internal import CVectorUnit
import RoadKernelContract

/// 64 bytes of one source row.
typealias RowBytes = Vector
/// 64 bytes of the destination.
typealias PixelBytes = Vector
/// Sums of 64 channels, or of 32 or 16 in several strips.
typealias BlockSums = FourSums

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
