import RoadKernelContract

/// The definition of ``Int16SoftmaxArguments``.
@inline(__always)
func int16Softmax<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16SoftmaxArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type, _: Destination.Type
) {
  let arguments = pointer.pointee
  let (channels, last) = (arguments.source.channels, arguments.count &- 1)
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.elements(y, x, Source.self)
      let to = arguments.destination.elements(y, x, Destination.self)
      var largest = Source.min
      for channel in 0..<channels { largest = max(largest, from[channel]) }
      func exponential(_ channel: Int) -> Int64 {
        Int64(arguments.exponents[min(Int(largest) &- Int(from[channel]), last)])
      }
      var sum: Int64 = 0
      for channel in 0..<channels { sum &+= exponential(channel) }
      let half = sum &<< Int64(Int16SoftmaxArguments.multiplierBits - 1)
      for channel in 0..<channels {
        let level = (exponential(channel) &* arguments.multiplier &+ half) / (half &* 2) &+ arguments.zeroPoint
        to[channel] = Destination(truncatingIfNeeded: min(max(level, arguments.low), arguments.high))
      }
    }
  }
}
