import RoadKernelContract

/// The definition of the bilinear resize. Every product stays under 2^31: 255 · 2^11 · 2^11 + 2^21 < 2^30.
@Sendable
func resizeReference(_ pointer: UnsafePointer<ResizeArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination) = (arguments.source, arguments.destination)
  let one = Int32(1) << Int32(ResizeArguments.weightBits)
  for y in firstRow..<endRow {
    let row = arguments.rows[y]
    for x in 0..<destination.width {
      let column = arguments.columns[x]
      let topLeft = source.pixel(Int(row.first), Int(column.first))
      let topRight = source.pixel(Int(row.first), Int(column.second))
      let bottomLeft = source.pixel(Int(row.second), Int(column.first))
      let bottomRight = source.pixel(Int(row.second), Int(column.second))
      for channel in 0..<destination.channels {
        let leftWeight = one - column.secondWeight
        let top = Int32(topLeft[channel]) * leftWeight + Int32(topRight[channel]) * column.secondWeight
        let bottom = Int32(bottomLeft[channel]) * leftWeight + Int32(bottomRight[channel]) * column.secondWeight
        let sum = top * (one - row.secondWeight) + bottom * row.secondWeight
        destination.pixel(y, x)[channel] = UInt8((sum + (1 << 21)) >> 22)
      }
    }
  }
}
