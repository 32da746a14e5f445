import RoadKernelContract

/// The definition of the byte table.
@Sendable
func tableReference(_ pointer: UnsafePointer<TableArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let (from, to) = (arguments.source.pixel(y, x), arguments.destination.pixel(y, x))
      for channel in 0..<arguments.destination.channels {
        let table = arguments.perChannel ? arguments.tables + channel * 256 : arguments.tables
        to[channel] = table[Int(from[channel])]
      }
    }
  }
}
