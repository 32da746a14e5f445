internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

/// Bilinear resize: pmaddwd on interleaved neighbours for the columns, 32-bit products for the rows.
@inline(__always)
func resize(_ arguments: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
  let (source, destination) = (arguments.pointee.source, arguments.pointee.destination)
  let (columns, rows) = (arguments.pointee.columns, arguments.pointee.rows)
  let channels = destination.storedChannels
  var y = firstRow
  while y < endRow {
    let row = RowBlend(rows + y)
    let above = UnsafeRawPointer(source.base + Int(rows[y].first) &* source.rowPitch)
    let below = UnsafeRawPointer(source.base + Int(rows[y].second) &* source.rowPitch)
    var to = UnsafeMutableRawPointer(destination.base + y &* destination.rowPitch)
    var x = 0
    while x < destination.width {
      let left = Int(columns[x].first) &* source.pixelPitch
      let right = Int(columns[x].second) &* source.pixelPitch
      let corners = Corners(
        topLeft: above + left, topRight: above + right, bottomLeft: below + left, bottomRight: below + right)
      row.pixel(corners, columns[x].secondWeight, to, channels)
      to += destination.pixelPitch
      x &+= 1
    }
    y &+= 1
  }
}

struct Corners {
  let topLeft: UnsafeRawPointer
  let topRight: UnsafeRawPointer
  let bottomLeft: UnsafeRawPointer
  let bottomRight: UnsafeRawPointer
}

struct RowBlend {
  private let topWeight: Vector
  private let bottomWeight: Vector
  private let rounding: Vector

  @inline(__always)
  init(_ tap: UnsafePointer<ResizeTap>) {
    let weight = tap.pointee.secondWeight
    topWeight = rv_set32(2048 &- weight)
    bottomWeight = rv_set32(weight)
    rounding = rv_set32(1 << 21)
  }

  @inline(__always)
  func pixel(_ corners: Corners, _ rightWeight: Int32, _ to: UnsafeMutableRawPointer, _ channels: Int) {
    let weights = rv_set32(rightWeight << 16 | (2048 &- rightWeight))
    let halfBytes = vectorBytes / 2
    var offset = 0
    while channels &- offset >= halfBytes {
      let bytes = blend(
        rv_load_half(corners.topLeft + offset), rv_load_half(corners.topRight + offset),
        rv_load_half(corners.bottomLeft + offset), rv_load_half(corners.bottomRight + offset), weights)
      rv_store_half(to + offset, bytes)
      offset &+= halfBytes
    }
    if channels &- offset >= 16 {
      let bytes = blend(
        rv_half(rv_load128(corners.topLeft + offset)), rv_half(rv_load128(corners.topRight + offset)),
        rv_half(rv_load128(corners.bottomLeft + offset)), rv_half(rv_load128(corners.bottomRight + offset)), weights)
      rv_store128(to + offset, rv_low128_of_half(bytes))
    } else if offset < channels {
      // A packed picture: 4 channels.
      let bytes = blend(
        rv_half(rv_load4(corners.topLeft)), rv_half(rv_load4(corners.topRight)),
        rv_half(rv_load4(corners.bottomLeft)), rv_half(rv_load4(corners.bottomRight)), weights)
      rv_store4(to, rv_low128_of_half(bytes))
    }
  }

  /// As many channels of one pixel as Int16 fit a vector.
  @inline(__always)
  private func blend(
    _ topLeft: HalfVector, _ topRight: HalfVector, _ bottomLeft: HalfVector, _ bottomRight: HalfVector,
    _ weights: Vector
  ) -> HalfVector {
    let (a, b) = (rv_widenu8to16(topLeft), rv_widenu8to16(topRight))
    let (c, d) = (rv_widenu8to16(bottomLeft), rv_widenu8to16(bottomRight))
    let first = rows(rv_weighlo16(a, b, weights), rv_weighlo16(c, d, weights))
    let second = rows(rv_weighhi16(a, b, weights), rv_weighhi16(c, d, weights))
    return rv_narrowus16(rv_packs32(first, second))
  }

  @inline(__always)
  private func rows(_ top: Vector, _ bottom: Vector) -> Vector {
    let (above, below) = (rv_mullo32(top, topWeight), rv_mullo32(bottom, bottomWeight))
    return rv_srl32_22(rv_add32(rv_add32(above, below), rounding))
  }
}
