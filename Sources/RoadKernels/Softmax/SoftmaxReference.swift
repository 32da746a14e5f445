import RoadKernelContract

/// The definition of the softmax over channels: an exponential from a table, a sum, one integer division a byte.
@Sendable
func softmaxReference(_ pointer: UnsafePointer<SoftmaxArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let channels = arguments.source.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.pixel(y, x)
      let to = arguments.destination.pixel(y, x)
      var largest: UInt8 = 0
      for channel in 0..<channels { largest = max(largest, from[channel]) }
      var sum: Int64 = 0
      for channel in 0..<channels { sum &+= arguments.exponents[Int(largest &- from[channel])] }
      for channel in 0..<channels {
        let part = arguments.exponents[Int(largest &- from[channel])] &* arguments.multiplier
        let level =
          (part &+ sum &<< Int64(SoftmaxArguments.multiplierBits - 1))
          / (sum &<< Int64(SoftmaxArguments.multiplierBits))
        to[channel] = UInt8(min(level &+ Int64(arguments.zeroPoint), 255))
      }
    }
  }
}
