import Glibc
import RoadKernelContract

/// The definition of the rearrangement.
@Sendable
func rearrangementReference(_ pointer: UnsafePointer<RearrangementArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  for y in firstRow..<endRow {
    let row = arguments.rows[y]
    for x in 0..<arguments.destination.width {
      let column = arguments.columns[x]
      let to = arguments.destination.pixel(y, x)
      for index in 0..<arguments.runCount {
        let run = arguments.runs[index]
        let (start, count) = (to + Int(run.channel), Int(run.count))
        if row.isOutside || column.isOutside || run.source.isOutside {
          memset(start, Int32(arguments.padding), count)
        } else if arguments.carries {
          carry(arguments.source, row, column, run.source, start, count)
        } else {
          let from = arguments.source.pixel(
            Int(row.row &+ column.row &+ run.source.row), Int(row.column &+ column.column &+ run.source.column))
          copy(from + Int(row.channel &+ column.channel &+ run.source.channel), start, count)
        }
      }
    }
  }
}

@inline(__always)
private func copy(_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ count: Int) {
  if count == 1 { to[0] = from[0] } else { memcpy(to, from, count) }
}

/// The position is a sum in a tensor without padding; each byte finds its row, column and channel by division.
private func carry(
  _ source: TensorView, _ row: SourceIndex, _ column: SourceIndex, _ channel: SourceIndex,
  _ to: UnsafeMutablePointer<UInt8>, _ count: Int
) {
  func position(_ index: SourceIndex) -> Int {
    (Int(index.row) * source.width + Int(index.column)) * source.channels + Int(index.channel)
  }
  let first = position(row) + position(column) + position(channel)
  for offset in 0..<count {
    let (pixel, channel) = (first + offset).quotientAndRemainder(dividingBy: source.channels)
    to[offset] = source.pixel(pixel / source.width, pixel % source.width)[channel]
  }
}
