internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

/// Byte tables that are affine between their clamps, as 32-bit multiply, add and shift.
@inline(__always)
func table(_ arguments: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int) {
  guard let affine = arguments.pointee.affine else { return }
  let (source, destination) = (arguments.pointee.source, arguments.pointee.destination)
  let constants = AffineConstants(affine)
  let bytes = destination.storedChannels
  let isDense = source.pixelPitch == bytes && destination.pixelPitch == bytes
  // Pixels without gaps: the row is one stretch.
  let stretch = isDense ? bytes &* destination.width : bytes
  let stretches = isDense ? 1 : destination.width
  var y = firstRow
  while y < endRow {
    var x = 0
    while x < stretches {
      constants.apply(
        UnsafeRawPointer(source.base + (y &* source.rowPitch &+ x &* source.pixelPitch)),
        UnsafeMutableRawPointer(destination.base + (y &* destination.rowPitch &+ x &* destination.pixelPitch)), stretch)
      x &+= 1
    }
    y &+= 1
  }
}

struct AffineConstants {
  private let multiplier: Vector
  private let bias: Vector
  private let shift: Vector

  @inline(__always)
  init(_ affine: UnsafePointer<AffineBytes>) {
    let start = UnsafeRawPointer(affine)
    // pmaddwd multiplies the lower halves; the upper ones meet zeros.
    multiplier = rv_repeat128(start)
    bias = rv_repeat128(start + 16)
    shift = rv_repeat128(start + 32)
  }

  /// - Parameter count: bytes, a multiple of 4.
  @inline(__always)
  func apply(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int) {
    var offset = 0
    while count &- offset >= vectorBytes {
      rv_store(to + offset, line(rv_load(from + offset)))
      offset &+= vectorBytes
    }
    while count &- offset >= 16 {
      rv_store128(to + offset, rv_low128(line(rv_widen128(rv_load128(from + offset)))))
      offset &+= 16
    }
    while offset < count {
      rv_store4(to + offset, rv_low128(line(rv_widen128(rv_load4(from + offset)))))
      offset &+= 4
    }
  }

  /// Unpacking and narrowing both work within lanes; an Int32 vector holds bytes 0 to 3 of a group of four in each
  /// lane.
  @inline(__always)
  private func line(_ bytes: Vector) -> Vector {
    let zero = rv_zero()
    return rv_packus16(half(rv_unpacklo8(bytes, zero), zero), half(rv_unpackhi8(bytes, zero), zero))
  }

  @inline(__always)
  private func half(_ values: Vector, _ zero: Vector) -> Vector {
    rv_packs32(quarter(rv_unpacklo16(values, zero)), quarter(rv_unpackhi16(values, zero)))
  }

  @inline(__always)
  private func quarter(_ values: Vector) -> Vector {
    rv_srav32(rv_add32(rv_madd16(values, multiplier), bias), shift)
  }
}
