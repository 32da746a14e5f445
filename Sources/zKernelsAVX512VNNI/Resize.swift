internal import CVectorUnit
import RoadKernelContract

/// Bilinear resize: pmaddwd on interleaved neighbours for the columns, 32-bit products for the rows.
@inline(never)
public func resizeAVX512VNNI(_ arguments: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
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
    topWeight = rv512_set32(2048 &- weight)
    bottomWeight = rv512_set32(weight)
    rounding = rv512_set32(1 << 21)
  }

  @inline(__always)
  func pixel(_ corners: Corners, _ rightWeight: Int32, _ to: UnsafeMutableRawPointer, _ channels: Int) {
    let weights = rv512_set32(rightWeight << 16 | (2048 &- rightWeight))
    var offset = 0
    while channels &- offset >= 32 {
      let bytes = blend(
        rv512_load256(corners.topLeft + offset), rv512_load256(corners.topRight + offset),
        rv512_load256(corners.bottomLeft + offset), rv512_load256(corners.bottomRight + offset), weights)
      rv512_store256(to + offset, bytes)
      offset &+= 32
    }
    if channels &- offset >= 16 {
      let bytes = blend(
        rv512_widen128to256(rv512_load128(corners.topLeft + offset)),
        rv512_widen128to256(rv512_load128(corners.topRight + offset)),
        rv512_widen128to256(rv512_load128(corners.bottomLeft + offset)),
        rv512_widen128to256(rv512_load128(corners.bottomRight + offset)), weights)
      rv512_store128(to + offset, rv512_low128(rv512_widen256(bytes)))
    } else if offset < channels {
      // A packed picture: 4 channels.
      let bytes = blend(
        rv512_widen128to256(rv512_load4(corners.topLeft)), rv512_widen128to256(rv512_load4(corners.topRight)),
        rv512_widen128to256(rv512_load4(corners.bottomLeft)), rv512_widen128to256(rv512_load4(corners.bottomRight)),
        weights)
      rv512_store4(to, rv512_low128(rv512_widen256(bytes)))
    }
  }

  /// 32 channels of one pixel.
  @inline(__always)
  private func blend(
    _ topLeft: SIMD4<Int64>, _ topRight: SIMD4<Int64>, _ bottomLeft: SIMD4<Int64>, _ bottomRight: SIMD4<Int64>,
    _ weights: Vector
  ) -> SIMD4<Int64> {
    let (a, b) = (rv512_widenu8to16(topLeft), rv512_widenu8to16(topRight))
    let (c, d) = (rv512_widenu8to16(bottomLeft), rv512_widenu8to16(bottomRight))
    let first = rows(rv512_unpacklo16(a, b), rv512_unpacklo16(c, d), weights)
    let second = rows(rv512_unpackhi16(a, b), rv512_unpackhi16(c, d), weights)
    return rv512_narrowus16(rv512_packs32(first, second))
  }

  @inline(__always)
  private func rows(_ top: Vector, _ bottom: Vector, _ weights: Vector) -> Vector {
    let above = rv512_mullo32(rv512_madd16(top, weights), topWeight)
    let below = rv512_mullo32(rv512_madd16(bottom, weights), bottomWeight)
    return rv512_srl32_22(rv512_add32(rv512_add32(above, below), rounding))
  }
}
