import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// `factor · x + offset` of each channel, times a slope of the channel's own where that is negative: batch
/// normalisations and PRelus of 16 bits.
struct ChannelLinesLayer: Layer {
  let name: String
  let kind = LayerKind.conversion
  let source: TensorID
  let output: TensorID
  let lines: [ChannelLinesArguments.Lines]
  let from: TensorElement
  let to: TensorFormat
  let integers: ClosedRange<Int>

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.channelLines(from: from, to: to.element)
    let lines = UnsafePointer(context.memory.copy(lines))
    let (to, integers) = (to, integers)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ChannelLinesArguments(
        source: sources[0], destination: destination, lines: lines, zeroPoint: Int64(to.zeroPoint),
        low: Int64(integers.lowerBound), high: Int64(integers.upperBound))
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
