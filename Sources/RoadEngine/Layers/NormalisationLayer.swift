import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Mean 0 and variance 1 over the channels of each pixel, then gains and offsets.
struct NormalisationLayer: Layer {
  let name: String
  let kind = LayerKind.normalisation
  let source: TensorID
  let output: TensorID
  let spread: Int64
  let gains: [Int64]
  let offsets: [Int64]
  /// Whether gains and offsets belong to columns, not to channels.
  let isByColumn: Bool
  let zeroPoint: UInt8
  let clamp: ByteClamp

  var inputs: [TensorID] { [source] }
  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.normalisation
    let gains = UnsafePointer(context.memory.copy(gains))
    let offsets = UnsafePointer(context.memory.copy(offsets))
    let (spread, isByColumn, zeroPoint, clamp) = (spread, isByColumn, zeroPoint, clamp)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = NormalisationArguments(
        source: sources[0], destination: destination, spread: spread, gains: gains, offsets: offsets,
        isByColumn: isByColumn, zeroPoint: zeroPoint, low: clamp.low, high: clamp.high)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// The same where source or result has 16 bits.
struct Int16NormalisationLayer: Layer {
  let name: String
  let kind = LayerKind.normalisation
  let source: TensorID
  let output: TensorID
  /// Of source and result.
  let elements: (from: TensorElement, to: TensorElement)
  let spread: Int64
  let gains: [Int64]
  let offsets: [Int64]
  /// Whether gains and offsets belong to columns, not to channels.
  let isByColumn: Bool
  let zeroPoint: Int64
  let integers: ClosedRange<Int>

  var inputs: [TensorID] { [source] }
  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.normalisation(from: elements.from, to: elements.to)
    let gains = UnsafePointer(context.memory.copy(gains))
    let offsets = UnsafePointer(context.memory.copy(offsets))
    let (spread, isByColumn, zeroPoint, integers) = (spread, isByColumn, zeroPoint, integers)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16NormalisationArguments(
        source: sources[0], destination: destination, spread: spread, gains: gains, offsets: offsets,
        isByColumn: isByColumn, zeroPoint: zeroPoint, low: Int64(integers.lowerBound), high: Int64(integers.upperBound))
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
