import Glibc
import RoadKernelContract

/// The definition of the concatenation: every byte of every source, through its table, at its place.
@Sendable
func concatenationReference(_ pointer: UnsafePointer<ConcatenationArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let destination = arguments.destination
  for index in 0..<arguments.count {
    let source = arguments.sources[index]
    let start = Int(arguments.starts[index])
    let table = arguments.tables[index]
    let rows = arguments.axis == .rows ? start..<start + source.height : 0..<destination.height
    for y in rows.clamped(to: firstRow..<endRow) {
      let row = y - rows.lowerBound
      let column = arguments.axis == .columns ? start : 0
      let channel = arguments.axis == .channels ? start : 0
      var from = UnsafePointer(source.pixel(row, 0))
      var to = destination.pixel(y, column) + channel
      for _ in 0..<source.width {
        transfer(from, to, source.channels, table)
        from += source.pixelPitch
        to += destination.pixelPitch
      }
    }
  }
}

/// Never writes beyond `count`: the next byte may be another source's.
@inline(__always)
func transfer(
  _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ count: Int, _ table: UnsafePointer<UInt8>?
) {
  guard let table else {
    memcpy(to, from, count)
    return
  }
  var channel = 0
  while channel < count {
    to[channel] = table[Int(from[channel])]
    channel &+= 1
  }
}
