import RoadBase
import RoadKernelContract

/// Channels that are summed at a time: their sums lie on the stack.
private let sumBlock = 64

/// The definition of the mean over windows.
@Sendable
func averageReference(_ pointer: UnsafePointer<AverageArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination, window) = (arguments.source, arguments.destination, arguments.window)
  withUnsafeTemporaryAllocation(of: Int32.self, capacity: sumBlock) { buffer in
    guard let sums = buffer.baseAddress else { return }
    for y in firstRow..<endRow {
      let top = window.sourceRow(y, 0)
      let rows = insideTaps(
        first: top, dilation: window.dilationHeight, count: window.kernelHeight, size: source.height)
      for x in 0..<destination.width {
        let left = window.sourceColumn(x, 0)
        let columns = insideTaps(
          first: left, dilation: window.dilationWidth, count: window.kernelWidth, size: source.width)
        let factor = arguments.factors[
          Int(arguments.rowTaps[y]) * (window.kernelWidth + 1) + Int(arguments.columnTaps[x])]
        let taps = rows.count * columns.count
        var block = 0
        while block < destination.channels {
          let count = min(sumBlock, destination.channels - block)
          clear(sums, count)
          for row in rows {
            for column in columns {
              add(
                source.pixel(top + row * window.dilationHeight, left + column * window.dilationWidth) + block, sums,
                count)
            }
          }
          write(sums, taps, factor, arguments.sourceZeroPoint, destination.pixel(y, x) + block, count)
          block += count
        }
      }
    }
  }
}

/// The definition of the reduction of a whole picture, each channel by itself.
@Sendable
func planeReductionReference(_ pointer: UnsafePointer<ReductionArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination) = (arguments.source, arguments.destination)
  guard firstRow < endRow else { return }
  guard arguments.operation == .sum else { return extremes(arguments) }
  withUnsafeTemporaryAllocation(of: Int32.self, capacity: sumBlock) { buffer in
    guard let sums = buffer.baseAddress else { return }
    var block = 0
    while block < destination.channels {
      let count = min(sumBlock, destination.channels - block)
      clear(sums, count)
      for y in 0..<source.height {
        for x in 0..<source.width { add(source.pixel(y, x) + block, sums, count) }
      }
      write(
        sums, source.height * source.width, arguments.rescaling, arguments.sourceZeroPoint,
        destination.pixel(0, 0) + block, count)
      block += count
    }
  }
}

private func extremes(_ arguments: ReductionArguments) {
  let source = arguments.source
  let to = arguments.destination.pixel(0, 0)
  for channel in 0..<arguments.destination.channels { to[channel] = source.pixel(0, 0)[channel] }
  let isMaximum = arguments.operation == .maximum
  for y in 0..<source.height {
    for x in 0..<source.width {
      let from = source.pixel(y, x)
      for channel in 0..<arguments.destination.channels {
        to[channel] = isMaximum ? max(to[channel], from[channel]) : min(to[channel], from[channel])
      }
    }
  }
}

@inline(__always)
private func clear(_ sums: UnsafeMutablePointer<Int32>, _ count: Int) {
  var index = 0
  while index < count {
    sums[index] = 0
    index &+= 1
  }
}

@inline(__always)
private func add(_ from: UnsafePointer<UInt8>, _ sums: UnsafeMutablePointer<Int32>, _ count: Int) {
  var index = 0
  while index < count {
    sums[index] = sums[index] &+ Int32(from[index])
    index &+= 1
  }
}

@inline(__always)
private func write(
  _ sums: UnsafeMutablePointer<Int32>, _ taps: Int, _ factor: Rescaling, _ zeroPoint: UInt8,
  _ to: UnsafeMutablePointer<UInt8>, _ count: Int
) {
  let zero = taps &* Int(zeroPoint)
  var index = 0
  while index < count {
    to[index] = factor.apply(Int(sums[index]) &- zero)
    index &+= 1
  }
}
