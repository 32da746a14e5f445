import RoadBase
import RoadKernelContract

/// The definition of the convolution of int16.
@inline(__always)
func int16Convolution<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16ConvolutionArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type,
  _: Destination.Type
) {
  let arguments = pointer.pointee
  let (source, destination, window) = (arguments.source, arguments.destination, arguments.window)
  let (inputs, taps) = (arguments.groupInputs, window.kernelHeight &* window.kernelWidth)
  for y in firstRow..<endRow {
    let top = window.sourceRow(y, 0)
    let rows = insideTaps(
      first: top, dilation: window.dilationHeight, count: window.kernelHeight, size: source.height)
    for x in 0..<destination.width {
      let left = window.sourceColumn(x, 0)
      let columns = insideTaps(
        first: left, dilation: window.dilationWidth, count: window.kernelWidth, size: source.width)
      let to = destination.elements(y, x, Destination.self)
      for output in 0..<destination.channels {
        let firstInput = output / arguments.groupOutputs &* inputs
        var sum = arguments.bias[output]
        for row in rows {
          for column in columns {
            let from = source.elements(
              top &+ row &* window.dilationHeight, left &+ column &* window.dilationWidth, Source.self)
            let tap = output &* taps &+ row &* window.kernelWidth &+ column
            sum &+= dotProduct(from + firstInput, arguments.weights + tap &* inputs, inputs, arguments.productsInInt32)
            sum &-= arguments.sourceZeroPoint &* arguments.sums[tap]
          }
        }
        to[output] = Destination(truncatingIfNeeded: arguments.rescalings[output].apply(sum))
      }
    }
  }
}

/// Exact: as many products as an Int32 holds at a time, which the compiler turns into multiplications of vectors of
/// int16.
@inline(__always)
private func dotProduct<Source: FixedWidthInteger>(
  _ activations: UnsafePointer<Source>, _ weights: UnsafePointer<Int16>, _ count: Int, _ stretch: Int
) -> Int64 {
  var (total, start) = (Int64(0), 0)
  while start < count {
    let end = min(start &+ stretch, count)
    var sum: Int32 = 0
    while start < end {
      sum &+= Int32(truncatingIfNeeded: activations[start]) &* Int32(weights[start])
      start &+= 1
    }
    total &+= Int64(sum)
  }
  return total
}
