import RoadKernelContract

/// The law of the bilinear resize. Every product stays under 2^31: 255 · 2^11 · 2^11 + 2^21 < 2^30.
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
        let sum = top * (one - row.secondWeight) + bottom * row.secondWeight + (1 << 21)
        let rounded = UInt8(sum >> 22)
        // A tie has been rounded up; the other neighbour is the one below.
        let isTie = sum & (1 << 22 - 1) == 0
        let goesDown = isTie && rounded & 1 != arguments.ties.parity(rounded)
        destination.pixel(y, x)[channel] = goesDown ? rounded - 1 : rounded
      }
    }
  }
}

extension ResizeArguments.Ties {
  /// The lowest bit of what a tie becomes; ties that stay where they were rounded to have their own.
  fileprivate func parity(_ rounded: UInt8) -> UInt8 {
    switch self {
    case .up: rounded & 1
    case .toEven: 0
    case .toOdd: 1
    }
  }
}
