internal import CVectorUnit
import RoadKernelContract

// Shared source: vectors of 128 or 256 bits.

/// What decides the channels of a pixel that are too near to a half: row, column, first channel, a bit for each.
typealias ResizeDecision = (UnsafePointer<ONNXRuntimeResizeArguments>, Int, Int, Int, UInt32) -> Void

/// Bilinear resize with sums of 21 bits behind the point. What comes out nearer to a half than their error and the
/// definition's window is left to `decide`; the rest has the definition's bytes.
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
    let vertical = FineWeight(rows[y].secondWeight, isExact)
    let above = UnsafeRawPointer(source.base + Int(rows[y].first) &* source.rowPitch)
    let below = UnsafeRawPointer(source.base + Int(rows[y].second) &* source.rowPitch)
    var to = UnsafeMutableRawPointer(destination.base + y &* destination.rowPitch)
    var x = 0
    while x < destination.width {
      let left = Int(columns[x].first) &* source.pixelPitch
      let right = Int(columns[x].second) &* source.pixelPitch
      let blend = FineBlend(FineWeight(columns[x].secondWeight, isExact), vertical)
      var channel = 0
      while channel < channels {
        let near = blend.pixel(
          rv_widenu8to16(rv_load_half(above + left + channel)), rv_widenu8to16(rv_load_half(above + right + channel)),
          rv_widenu8to16(rv_load_half(below + left + channel)), rv_widenu8to16(rv_load_half(below + right + channel)),
          to + channel)
        if near != 0 { decide(arguments, y, x, channel, UInt32(truncatingIfNeeded: near)) }
        channel &+= vectorBytes / 2
      }
      to += destination.pixelPitch
      x &+= 1
    }
    y &+= 1
  }
}

/// The weights of two neighbours, of 20 bits in two numbers that 16 bits hold.
struct FineWeight {
  /// In 2^-14: that of the second neighbour, and below it that of the first.
  let high: Vector
  /// What is left of them, in 2^-20: -32...32.
  let low: Vector
  let isHigh: Bool
  /// Means of bytes are whole in 2^-7 steps.
  let isCoarse: Bool

  @inline(__always)
  init(_ second: Int32, _ isExact: Bool) {
    let weight = isExact ? second << 9 : second
    let coarse = (weight &+ 32) >> 6
    let rest = weight &- coarse << 6
    high = rv_set32(coarse << 16 | (16384 &- coarse))
    low = rv_set32(rest << 16 | (0 &- rest) & 0xFFFF)
    isHigh = rest == 0
    isCoarse = weight & (1 << 13 &- 1) == 0
  }
}

struct FineBlend {
  private let column: FineWeight
  private let row: FineWeight

  @inline(__always)
  init(_ column: FineWeight, _ row: FineWeight) {
    self.column = column
    self.row = row
  }

  /// In 2^-21 steps: the definition's own 2^-11, and two for what the sums drop.
  private static var window: Int32 { 1 << 10 &+ 2 }

  /// Stores as many channels as Int16 fit a vector.
  ///
  /// - Returns: a bit for each channel that is too near to a half.
  @inline(__always)
  func pixel(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector, _ to: UnsafeMutableRawPointer) -> Int32 {
    let (low, high) = column.isCoarse ? coarseSums(a, b, c, d) : fineSums(a, b, c, d)
    let half = rv_set32(1 << 20)
    let first = rv_add32(low, half)
    let second = rv_add32(high, half)
    rv_store_half(to, rv_narrowus16(rv_packs32(rv_srl32_21(first), rv_srl32_21(second))))
    return rv_signs16(rv_packs32(distance(first), distance(second)))
  }

  /// The means of each row are whole.
  @inline(__always)
  private func coarseSums(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> (Vector, Vector) {
    let (top, bottom) = (mean(a, b), mean(c, d))
    let first = rv_weighlo16(top, bottom, row.high)
    let second = rv_weighhi16(top, bottom, row.high)
    if row.isHigh { return (first, second) }
    return (
      rv_add32(first, rv_sra32_6(rv_weighlo16(top, bottom, row.low))),
      rv_add32(second, rv_sra32_6(rv_weighhi16(top, bottom, row.low)))
    )
  }

  /// Means of two bytes, 7 bits behind the point.
  @inline(__always)
  private func mean(_ a: Vector, _ b: Vector) -> Vector {
    rv_packs32(rv_srl32_7(rv_weighlo16(a, b, column.high)), rv_srl32_7(rv_weighhi16(a, b, column.high)))
  }

  @inline(__always)
  private func fineSums(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> (Vector, Vector) {
    let (top, bottom) = (FineMean(a, b, column), FineMean(c, d, column))
    let first = rv_add32(
      rv_sll32_7(rv_weighlo16(top.steps, bottom.steps, row.low)), rv_weighlo16(top.rest, bottom.rest, row.high))
    let second = rv_add32(
      rv_sll32_7(rv_weighhi16(top.steps, bottom.steps, row.low)), rv_weighhi16(top.rest, bottom.rest, row.high))
    return (
      rv_add32(rv_weighlo16(top.steps, bottom.steps, row.high), rv_sra32_13(first)),
      rv_add32(rv_weighhi16(top.steps, bottom.steps, row.high), rv_sra32_13(second))
    )
  }

  /// Negative where the sum, whose halves have become whole numbers, is within the window on either side of one.
  @inline(__always)
  private func distance(_ sums: Vector) -> Vector {
    let place = rv_and(rv_add32(sums, rv_set32(Self.window)), rv_set32(1 << 21 &- 1))
    return rv_sub32(place, rv_set32(2 &* Self.window &+ 1))
  }
}

/// Means of two bytes, 20 bits behind the point: the nearest of 7 bits, and what is left in 2^-20 (13 bits).
struct FineMean {
  let steps: Vector
  let rest: Vector

  @inline(__always)
  init(_ a: Vector, _ b: Vector, _ weight: FineWeight) {
    let first = rv_add32(rv_sll32_6(rv_weighlo16(a, b, weight.high)), rv_weighlo16(a, b, weight.low))
    let second = rv_add32(rv_sll32_6(rv_weighhi16(a, b, weight.high)), rv_weighhi16(a, b, weight.low))
    let half = rv_set32(1 << 12)
    let firstSteps = rv_srl32_13(rv_add32(first, half))
    let secondSteps = rv_srl32_13(rv_add32(second, half))
    steps = rv_packs32(firstSteps, secondSteps)
    rest = rv_packs32(
      rv_sub32(first, rv_sll32_13(firstSteps)), rv_sub32(second, rv_sll32_13(secondSteps)))
  }
}
