import RoadKernelContract

/// The definition of scores of 15 bits.
@Sendable
func int15ScoresReference(_ pointer: UnsafePointer<Int15ScoresArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, window) = (arguments.source, arguments.window)
  let products = window.kernelHeight * window.kernelWidth * source.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let to = arguments.destination.pixel(y, x)
      for index in 0..<arguments.classes {
        var sum = arguments.bias[index]
        var weights = arguments.weights + index * products
        for ky in 0..<window.kernelHeight {
          for kx in 0..<window.kernelWidth {
            sum &+= product(source.pixel(window.sourceRow(y, ky), window.sourceColumn(x, kx)), weights, source.channels)
            weights += source.channels
          }
        }
        let steps = (Int64(sum) &* arguments.multipliers[index] &+ arguments.roundings[index]) >> arguments.shift
        let score = min(max(steps &+ Int64(Int15ScoresArguments.zero), arguments.low), arguments.high)
        to[index] = UInt8(truncatingIfNeeded: score >> Int64(Int15ScoresArguments.lowBits))
        to[arguments.lowChannel + index] = UInt8(truncatingIfNeeded: score & (1 << Int15ScoresArguments.lowBits - 1))
      }
    }
  }
}

@inline(__always)
private func product(_ bytes: UnsafePointer<UInt8>, _ weights: UnsafePointer<Int8>, _ count: Int) -> Int32 {
  var sum: Int32 = 0
  var index = 0
  while index < count {
    sum = sum &+ Int32(bytes[index]) &* Int32(weights[index])
    index &+= 1
  }
  return sum
}
