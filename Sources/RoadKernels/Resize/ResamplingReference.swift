import RoadKernelContract

/// The definition of the resize with many taps.
@Sendable
func resamplingReference(_ pointer: UnsafePointer<ResamplingArguments>, firstRow: Int, endRow: Int) {
  resample(pointer, firstRow, endRow, UInt8.self, UInt8.self)
}

@inline(__always)
func resample<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<ResamplingArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type, _: Destination.Type
) {
  let arguments = pointer.pointee
  let destination = arguments.destination
  for y in firstRow..<endRow {
    let row = arguments.rows[y]
    for x in 0..<destination.width {
      let column = arguments.columns[x]
      let to = destination.elements(y, x, Destination.self)
      for channel in 0..<destination.channels {
        guard row.count > 0, column.count > 0 else {
          to[channel] = Destination(truncatingIfNeeded: arguments.outside)
          continue
        }
        let sum = arguments.sum(row, column, channel, Source.self)
        to[channel] = Destination(truncatingIfNeeded: arguments.rule.apply(sum))
      }
    }
  }
}

extension ResamplingArguments {
  @inline(__always)
  fileprivate func sum<Source: FixedWidthInteger>(
    _ row: Taps, _ column: Taps, _ channel: Int, _: Source.Type
  ) -> Int64 {
    var sum: Int64 = 0
    for y in 0..<Int(row.count) {
      var line: Int64 = 0
      for x in 0..<Int(column.count) {
        let number = Int64(source.elements(Int(row.first) &+ y, Int(column.first) &+ x, Source.self)[channel])
        line &+= Int64(weights[Int(column.weights) &+ x]) &* (number &- sourceZeroPoint)
      }
      sum &+= Int64(weights[Int(row.weights) &+ y]) &* line
    }
    return sum
  }
}
