import RoadKernelContract

/// The definition of ``Int16PaddingArguments``.
@Sendable
func int16Padding(_ pointer: UnsafePointer<Int16PaddingArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let channels = arguments.destination.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let to = arguments.destination.elements(y, x, Int16.self)
      let (row, column) = (Int(arguments.rows[y]), Int(arguments.columns[x]))
      if row < 0 || column < 0 {
        to.update(repeating: arguments.padding, count: channels)
      } else {
        to.update(from: arguments.source.elements(row, column, Int16.self), count: channels)
      }
    }
  }
}
