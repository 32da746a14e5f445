import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Sum, mean, maximum or minimum of a whole picture or of each pixel's channels.
struct ReductionLayer: Layer {
  let name: String
  let kind = LayerKind.reduction
  let source: TensorID
  let output: TensorID
  let operation: ReductionArguments.Operation
  let rescaling: Rescaling
  let sourceZeroPoint: UInt8
  /// True: each channel over the whole picture; false: each pixel over its channels.
  let isOverPlane: Bool

  var inputs: [TensorID] { [source] }
  var rowWindow: WindowGeometry? { isOverPlane ? nil : .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = isOverPlane ? context.kernels.planeReduction : context.kernels.channelReduction
    let (operation, rescaling, zeroPoint) = (operation, rescaling, sourceZeroPoint)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ReductionArguments(
        source: sources[0], destination: destination, operation: operation, rescaling: rescaling,
        sourceZeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// The norm of each pixel's channels where source or result has 16 bits.
struct Int16NormLayer: Layer {
  let name: String
  let kind = LayerKind.reduction
  let source: TensorID
  let output: TensorID
  /// Of source and result.
  let elements: (from: TensorElement, to: TensorElement)
  let zeroPoint: Int
  let rescaling: Int16Rescaling

  var inputs: [TensorID] { [source] }
  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.norm(from: elements.from, to: elements.to)
    let (zeroPoint, rescaling) = (Int64(zeroPoint), rescaling)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16NormArguments(
        source: sources[0], destination: destination, zeroPoint: zeroPoint, rescaling: rescaling)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
