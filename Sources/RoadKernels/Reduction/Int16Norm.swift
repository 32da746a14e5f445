import RoadKernelContract

/// The definition of ``Int16NormArguments``.
@inline(__always)
func int16Norm<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16NormArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type, _: Destination.Type
) {
  let arguments = pointer.pointee
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.elements(y, x, Source.self)
      var squares: Int64 = 0
      for channel in 0..<arguments.source.channels {
        let difference = Int64(from[channel]) &- arguments.zeroPoint
        squares &+= difference &* difference
      }
      let norm = Int64(squareRoot(UInt64(squares) &<< 16))
      arguments.destination.elements(y, x, Destination.self)[0] =
        Destination(truncatingIfNeeded: arguments.rescaling.apply(norm))
    }
  }
}
