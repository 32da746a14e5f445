import RoadKernelContract

/// The taps of a window that lie inside the picture, along one axis.
@inline(__always)
func insideTaps(first: Int, dilation: Int, count: Int, size: Int) -> Range<Int> {
  let low = first >= 0 ? 0 : (-first + dilation - 1) / dilation
  let high = first >= size ? 0 : min(count, (size - 1 - first) / dilation + 1)
  return low..<max(low, high)
}

/// The definition of the maximum over windows: of the taps inside the picture the largest byte. A window wholly outside
/// gives 0.
@Sendable
func maximumReference(_ pointer: UnsafePointer<MaximumArguments>, firstRow: Int, endRow: Int) {
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
      let to = destination.pixel(y, x)
      if writesArgmax {
        writeFirstTaps(source, window, top, left, rows, columns, to, destination.channels)
      } else {
        writeMaxima(source, window, top, left, rows, columns, to, destination.storedChannels)
      }
    }
  }
}

/// Sixteen channels at a time.
@inline(__always)
private func writeMaxima(
  _ source: TensorView, _ window: WindowGeometry, _ top: Int, _ left: Int, _ rows: Range<Int>, _ columns: Range<Int>,
  _ to: UnsafeMutablePointer<UInt8>, _ bytes: Int
) {
  let (down, across) = (window.dilationHeight &* source.rowPitch, window.dilationWidth &* source.pixelPitch)
  let origin = UnsafeRawPointer(source.base) + (top &* source.rowPitch &+ left &* source.pixelPitch)
  var block = 0
  while block < bytes {
    var largest = SIMD16<UInt8>(repeating: 0)
    var row = rows.lowerBound
    while row < rows.upperBound {
      var column = columns.lowerBound
      while column < columns.upperBound {
        let next = (origin + (row &* down &+ column &* across &+ block)).loadUnaligned(as: SIMD16<UInt8>.self)
        largest.replace(with: next, where: next .> largest)
        column &+= 1
      }
      row &+= 1
    }
    UnsafeMutableRawPointer(to + block).storeBytes(of: largest, as: SIMD16<UInt8>.self)
    block &+= TensorView.channelBlock
  }
}

private func writeFirstTaps(
  _ source: TensorView, _ window: WindowGeometry, _ top: Int, _ left: Int, _ rows: Range<Int>, _ columns: Range<Int>,
  _ to: UnsafeMutablePointer<UInt8>, _ channels: Int
) {
  for channel in 0..<channels {
    var (largest, tap) = (-1, 0)
    for row in rows {
      for column in columns {
        let byte = Int(
          source.pixel(top + row * window.dilationHeight, left + column * window.dilationWidth)[channel])
        if byte > largest { (largest, tap) = (byte, row * window.kernelWidth + column) }
      }
    }
    to[channel] = UInt8(truncatingIfNeeded: tap)
  }
}
