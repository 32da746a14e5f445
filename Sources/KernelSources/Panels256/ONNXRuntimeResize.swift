internal import CVectorUnit
import RoadKernelContract

// Shared by the vector units of 256 bits.

/// What decides the channels of a pixel that are too near to a half: row, column, first channel, a bit for each.
typealias ResizeDecision = (UnsafePointer<ONNXRuntimeResizeArguments>, Int, Int, Int, UInt32) -> Void

/// Bilinear resize with weights of 14 bits and means of 7 bits behind the point in each row. What comes out nearer to a
/// half than its own error and the definition's window is left to `decide`; the rest has the definition's bytes.
///
/// - Precondition: no rescalings, and channel-blocked tensors.
@inline(__always)
func onnxRuntimeResize(
  _ arguments: UnsafePointer<ONNXRuntimeResizeArguments>, _ firstRow: Int, _ endRow: Int, _ decide: ResizeDecision
) {
  let (source, destination) = (arguments.pointee.source, arguments.pointee.destination)
  let (columns, rows) = (arguments.pointee.columns, arguments.pointee.rows)
  let isExact = arguments.pointee.isExact
  let channels = destination.storedChannels
  var y = firstRow
  while y < endRow {
    let vertical = rv_set32(weights14(rows[y].secondWeight, isExact))
    let above = UnsafeRawPointer(source.base + Int(rows[y].first) &* source.rowPitch)
    let below = UnsafeRawPointer(source.base + Int(rows[y].second) &* source.rowPitch)
    var to = UnsafeMutableRawPointer(destination.base + y &* destination.rowPitch)
    var x = 0
    while x < destination.width {
      let left = Int(columns[x].first) &* source.pixelPitch
      let right = Int(columns[x].second) &* source.pixelPitch
      let blend = FineBlend(weights14(columns[x].secondWeight, isExact), vertical, isExact: isExact)
      var channel = 0
      while channel < channels {
        let near = blend.pixel(
          rv_widenu8to16(rv_load128(above + left + channel)), rv_widenu8to16(rv_load128(above + right + channel)),
          rv_widenu8to16(rv_load128(below + left + channel)), rv_widenu8to16(rv_load128(below + right + channel)),
          to + channel)
        if near != 0 { decide(arguments, y, x, channel, UInt32(truncatingIfNeeded: near)) }
        channel &+= 16
      }
      to += destination.pixelPitch
      x &+= 1
    }
    y &+= 1
  }
}

/// The weight of the second neighbour, and below it that of the first.
@inline(__always)
func weights14(_ second: Int32, _ isExact: Bool) -> Int32 {
  let weight = isExact ? second << 3 : (second &+ 32) >> 6
  return weight << 16 | (16384 &- weight)
}

struct FineBlend {
  private let horizontal: Vector
  private let vertical: Vector
  /// In 2^-21 of a step. Of weights that are rounded to 14 bits 255·2^-15 on either axis; of means that are rounded to
  /// 7 bits 2^-8; the definition's own 2^-11.
  private let window: Int32

  @inline(__always)
  init(_ horizontal: Int32, _ vertical: Vector, isExact: Bool) {
    self.horizontal = rv_set32(horizontal)
    self.vertical = vertical
    window = (isExact ? 0 : 2 &* 255 << 6) &+ 1 << 13 &+ 1 << 10
  }

  /// Stores 16 channels.
  ///
  /// - Returns: a bit for each channel that is too near to a half.
  @inline(__always)
  func pixel(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector, _ to: UnsafeMutableRawPointer) -> Int32 {
    let (top, bottom) = (mean(a, b), mean(c, d))
    let half = rv_set32(1 << 20)
    let first = rv_add32(rv_weighlo16(top, bottom, vertical), half)
    let second = rv_add32(rv_weighhi16(top, bottom, vertical), half)
    rv_store128(to, rv_narrowus16(rv_packs32(rv_srl32_21(first), rv_srl32_21(second))))
    return rv_signs16(rv_packs32(distance(first), distance(second)))
  }

  /// 16 means of two bytes, 7 bits behind the point.
  @inline(__always)
  private func mean(_ a: Vector, _ b: Vector) -> Vector {
    let rounding = rv_set32(64)
    return rv_packs32(
      rv_srl32_7(rv_add32(rv_weighlo16(a, b, horizontal), rounding)),
      rv_srl32_7(rv_add32(rv_weighhi16(a, b, horizontal), rounding)))
  }

  /// Negative where the sum, whose halves have become whole numbers, is within the window on either side of one.
  @inline(__always)
  private func distance(_ sums: Vector) -> Vector {
    let place = rv_and(rv_add32(sums, rv_set32(window)), rv_set32(1 << 21 &- 1))
    return rv_sub32(place, rv_set32(2 &* window &+ 1))
  }
}
