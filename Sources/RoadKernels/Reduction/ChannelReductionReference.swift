import RoadKernelContract

/// The definition of the reduction of each pixel's channels to one.
@Sendable
func channelReductionReference(_ pointer: UnsafePointer<ReductionArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let channels = arguments.source.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.pixel(y, x)
      let to = arguments.destination.pixel(y, x)
      switch arguments.operation {
      case .sum:
        var sum = 0
        for channel in 0..<channels { sum &+= Int(from[channel]) }
        to[0] = arguments.rescaling.apply(sum - channels * Int(arguments.sourceZeroPoint))
      case .norm:
        var sum: UInt64 = 0
        for channel in 0..<channels {
          let distance = Int(from[channel]) - Int(arguments.sourceZeroPoint)
          sum &+= UInt64(distance * distance)
        }
        to[0] = arguments.rescaling.apply(Int(squareRoot(sum << 16)))
      case .maximum:
        to[0] = from[0]
        for channel in 0..<channels { to[0] = max(to[0], from[channel]) }
      case .minimum:
        to[0] = from[0]
        for channel in 0..<channels { to[0] = min(to[0], from[channel]) }
      }
    }
  }
}
