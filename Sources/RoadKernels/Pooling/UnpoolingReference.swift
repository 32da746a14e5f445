import RoadKernelContract

/// The definition of unpooling. Windows are visited in row-major order, so that the last one to claim a pixel has it.
@Sendable
func unpoolingReference(_ pointer: UnsafePointer<UnpoolingArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, window, destination) = (arguments.source, arguments.window, arguments.destination)
  for y in firstRow..<endRow {
    for x in 0..<destination.width {
      let to = destination.pixel(y, x)
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
          let tap = UInt8(truncatingIfNeeded: ky * window.kernelWidth + kx)
          place(source.pixel(row, column), arguments.argmax.pixel(row, column), tap, to, destination.channels)
        }
      }
    }
  }
}

@inline(__always)
private func place(
  _ from: UnsafePointer<UInt8>, _ taps: UnsafePointer<UInt8>, _ tap: UInt8, _ to: UnsafeMutablePointer<UInt8>,
  _ channels: Int
) {
  var channel = 0
  while channel < channels {
    to[channel] = taps[channel] == tap ? from[channel] : to[channel]
    channel &+= 1
  }
}
