import RoadKernelContract

/// The definition of ``NormalisationArguments``: one root and one division a pixel.
@Sendable
func normalisationReference(_ pointer: UnsafePointer<NormalisationArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let channels = arguments.source.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.pixel(y, x)
      let to = arguments.destination.pixel(y, x)
      let (sum, inverse, shift) = standardDeviation(from, channels, arguments.spread)
      for channel in 0..<channels {
        let deviation = Int64(channels) &* Int64(from[channel]) &- sum
        let score = (deviation &* inverse &+ (1 &<< (shift &- 1))) &>> shift
        let index = arguments.isByColumn ? x : channel
        let level =
          (score &* arguments.gains[index] &+ arguments.offsets[index] &+ 1 &<< 31) &>> 32
          &+ Int64(arguments.zeroPoint)
        to[channel] = UInt8(min(max(level, Int64(arguments.low)), Int64(arguments.high)))
      }
    }
  }
}

/// Sum of a pixel's numbers, and what makes a deviation a score: `I`, 0 where all are alike and nothing is added,
/// and `t`.
@inline(__always)
private func standardDeviation<Element: FixedWidthInteger>(
  _ numbers: UnsafePointer<Element>, _ count: Int, _ spread: Int64
) -> (sum: Int64, inverse: Int64, shift: Int64) {
  var (sum, squares): (Int64, Int64) = (0, 0)
  for index in 0..<count {
    let number = Int64(numbers[index])
    sum &+= number
    squares &+= number &* number
  }
  let variance = Int64(count) &* squares &- sum &* sum &+ spread
  guard variance > 0 else { return (sum, 0, 46) }
  let evened = Int64((variance.leadingZeroBitCount - 2) & ~1)
  let root = squareRoot(UInt64(variance &<< evened))
  return (sum, Int64((1 << 62) / root), 46 &- evened / 2)
}

/// The definition of ``Int16NormalisationArguments``.
@inline(__always)
func int16Normalisation<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16NormalisationArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type,
  _: Destination.Type
) {
  let arguments = pointer.pointee
  let channels = arguments.source.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.elements(y, x, Source.self)
      let to = arguments.destination.elements(y, x, Destination.self)
      let (sum, inverse, shift) = standardDeviation(from, channels, arguments.spread)
      for channel in 0..<channels {
        let deviation = Int64(channels) &* Int64(from[channel]) &- sum
        let score = (deviation &* inverse &+ (1 &<< (shift &- 1))) &>> shift
        let index = arguments.isByColumn ? x : channel
        let level =
          (score &* arguments.gains[index] &+ arguments.offsets[index] &+ 1 &<< 31) &>> 32 &+ arguments.zeroPoint
        to[channel] = Destination(truncatingIfNeeded: min(max(level, arguments.low), arguments.high))
      }
    }
  }
}
