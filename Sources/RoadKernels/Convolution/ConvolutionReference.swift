import RoadKernelContract

/// The definition of the dense convolution.
@Sendable
func convolutionReference(_ pointer: UnsafePointer<ConvolutionArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination, window) = (arguments.source, arguments.destination, arguments.window)
  let packed = ReferenceWeights(arguments.packed, outputChannels: destination.channels)
  let products = window.kernelHeight * window.kernelWidth * source.channels
  for y in firstRow..<endRow {
    for x in 0..<destination.width {
      for output in 0..<destination.channels {
        var sum = packed.bias[output]
        var weight = packed.weights + output * products
        for ky in 0..<window.kernelHeight {
          for kx in 0..<window.kernelWidth {
            let pixel = source.pixel(window.sourceRow(y, ky), window.sourceColumn(x, kx))
            for input in 0..<source.channels {
              sum &+= Int32(pixel[input]) &* Int32(weight[input])
            }
            weight += source.channels
          }
        }
        destination.pixel(y, x)[output] = packed.requantize(sum, channel: output, arguments)
      }
    }
  }
}
