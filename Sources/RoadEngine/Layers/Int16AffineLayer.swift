import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// `factor · x + offset` of each channel, times a slope of the channel's own where that is negative: batch
/// normalisations and PRelus of 16 bits.
struct Int16AffineLayer: Layer {
  let name: String
  let kind = LayerKind.conversion
  let source: TensorID
  let output: TensorID
  let factors: [Int16AffineArguments.Factors]
  let from: TensorElement
  let to: TensorFormat
  let integers: ClosedRange<Int>

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.int16Affine(from: from, to: to.element)
    let factors = UnsafePointer(context.memory.copy(factors))
    let (to, integers) = (to, integers)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16AffineArguments(
        source: sources[0], destination: destination, factors: factors, zeroPoint: Int64(to.zeroPoint),
        low: Int64(integers.lowerBound), high: Int64(integers.upperBound))
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
