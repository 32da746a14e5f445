import RoadBase
import RoadKernelContract

/// The definition of the mean over windows of int16.
@inline(__always)
func int16Average<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16AverageArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type, _: Destination.Type
) {
  let arguments = pointer.pointee
  let (source, destination, window) = (arguments.source, arguments.destination, arguments.window)
  for y in firstRow..<endRow {
    let top = window.sourceRow(y, 0)
    let rows = insideTaps(
      first: top, dilation: window.dilationHeight, count: window.kernelHeight, size: source.height)
    for x in 0..<destination.width {
      let left = window.sourceColumn(x, 0)
      let columns = insideTaps(
        first: left, dilation: window.dilationWidth, count: window.kernelWidth, size: source.width)
      let factor = arguments.factors[Int(arguments.rowFactors[y] &+ arguments.columnFactors[x])]
      let zero = Int64(rows.count &* columns.count) &* arguments.sourceZeroPoint
      let to = destination.elements(y, x, Destination.self)
      for channel in 0..<destination.channels {
        var sum = 0 &- zero
        for row in rows {
          for column in columns {
            let from = source.elements(
              top &+ row &* window.dilationHeight, left &+ column &* window.dilationWidth, Source.self)
            sum &+= Int64(from[channel])
          }
        }
        to[channel] = Destination(truncatingIfNeeded: factor.apply(sum))
      }
    }
  }
}

/// The definition of the maximum over windows of int16: of the taps inside the picture the largest word, or the number
/// of the first tap that has it, as a byte. A window wholly outside gives the lowest.
@Sendable
func int16Maximum(_ pointer: UnsafePointer<MaximumArguments>, _ firstRow: Int, _ endRow: Int) {
  let (source, destination) = (pointer.pointee.source, pointer.pointee.destination)
  let (window, writesArgmax) = (pointer.pointee.window, pointer.pointee.writesArgmax)
  for y in firstRow..<endRow {
    let top = window.sourceRow(y, 0)
    let rows = insideTaps(
      first: top, dilation: window.dilationHeight, count: window.kernelHeight, size: source.height)
    for x in 0..<destination.width {
      let left = window.sourceColumn(x, 0)
      let columns = insideTaps(
        first: left, dilation: window.dilationWidth, count: window.kernelWidth, size: source.width)
      for channel in 0..<destination.channels {
        var (largest, tap) = (Int32(Int16.min) - 1, 0)
        for row in rows {
          for column in columns {
            let from = source.elements(
              top &+ row &* window.dilationHeight, left &+ column &* window.dilationWidth, Int16.self)
            guard Int32(from[channel]) > largest else { continue }
            (largest, tap) = (Int32(from[channel]), row &* window.kernelWidth &+ column)
          }
        }
        if writesArgmax {
          destination.pixel(y, x)[channel] = UInt8(truncatingIfNeeded: tap)
        } else {
          destination.elements(y, x, Int16.self)[channel] = Int16(truncatingIfNeeded: max(largest, -32768))
        }
      }
    }
  }
}

/// The definition of the unpooling of int16. Windows are visited in row-major order, so that the last one to claim a
/// pixel has it.
@Sendable
func int16Unpooling(_ pointer: UnsafePointer<Int16UnpoolingArguments>, _ firstRow: Int, _ endRow: Int) {
  let arguments = pointer.pointee
  let (source, window, destination) = (arguments.source, arguments.window, arguments.destination)
  for y in firstRow..<endRow {
    for x in 0..<destination.width {
      let to = destination.elements(y, x, Int16.self)
      for channel in 0..<destination.channels { to[channel] = arguments.zeroPoint }
      for ky in (0..<window.kernelHeight).reversed() {
        let down = y + window.padTop - ky * window.dilationHeight
        guard down >= 0, down % window.strideHeight == 0, down / window.strideHeight < source.height else { continue }
        for kx in (0..<window.kernelWidth).reversed() {
          let across = x + window.padLeft - kx * window.dilationWidth
          guard across >= 0, across % window.strideWidth == 0, across / window.strideWidth < source.width else {
            continue
          }
          let (row, column) = (down / window.strideHeight, across / window.strideWidth)
          let (from, taps) = (source.elements(row, column, Int16.self), arguments.argmax.pixel(row, column))
          let tap = UInt8(truncatingIfNeeded: ky * window.kernelWidth + kx)
          for channel in 0..<destination.channels where taps[channel] == tap { to[channel] = from[channel] }
        }
      }
    }
  }
}
