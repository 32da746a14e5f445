import RoadKernelContract

/// The definition of the resize with many taps.
@Sendable
func resamplingReference(_ pointer: UnsafePointer<ResamplingArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let destination = arguments.destination
  for y in firstRow..<endRow {
    let row = arguments.rows[y]
    for x in 0..<destination.width {
      let column = arguments.columns[x]
      let to = destination.pixel(y, x)
      for channel in 0..<destination.channels {
        guard row.count > 0, column.count > 0 else {
          to[channel] = arguments.outside
          continue
        }
        to[channel] = UInt8(arguments.rule.apply(arguments.sum(row, column, channel)))
      }
    }
  }
}

extension ResamplingArguments {
  fileprivate func sum(_ row: Taps, _ column: Taps, _ channel: Int) -> Int64 {
    var sum: Int64 = 0
    for y in 0..<Int(row.count) {
      var line: Int64 = 0
      for x in 0..<Int(column.count) {
        let byte = Int64(source.pixel(Int(row.first) + y, Int(column.first) + x)[channel])
        line += Int64(weights[Int(column.weights) + x]) * (byte - sourceZeroPoint)
      }
      sum += Int64(weights[Int(row.weights) + y]) * line
    }
    return sum
  }
}
