import RoadKernelContract

/// The definition of the depthwise convolution.
@Sendable
func depthwiseReference(_ pointer: UnsafePointer<DepthwiseArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination, window) = (arguments.source, arguments.destination, arguments.window)
  let packed = ReferenceWeights(arguments.packed, outputChannels: destination.channels)
  for y in firstRow..<endRow {
    for x in 0..<destination.width {
      for channel in 0..<destination.channels {
        var sum = packed.bias[channel]
        var weight = packed.weights + channel * window.kernelHeight * window.kernelWidth
        for ky in 0..<window.kernelHeight {
          for kx in 0..<window.kernelWidth {
            let pixel = source.pixel(window.sourceRow(y, ky), window.sourceColumn(x, kx))
            sum &+= Int32(pixel[channel]) &* Int32(weight.pointee)
            weight += 1
          }
        }
        destination.pixel(y, x)[channel] = packed.requantize(sum, channel: channel, arguments)
      }
    }
  }
}
