import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// GridSample.
struct SamplingLayer: Layer {
  let name: String
  let kind = LayerKind.sampling
  let source: TensorID
  let field: TensorID
  let output: TensorID
  /// 256 steps for x, then 256 for y, in 2^-16 pixels.
  let tables: [Int32]
  /// x and y of each output pixel.
  let base: [Int32]
  let mode: SamplingArguments.Mode
  let alignsCorners: Bool
  let padding: SamplingArguments.Padding
  let zeroPoint: UInt8

  var inputs: [TensorID] { [source, field] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.sampling
    let (tables, base) = (
      UnsafePointer(context.memory.copy(tables)), UnsafePointer(context.memory.copy(base))
    )
    let layer = (mode, alignsCorners, padding, zeroPoint)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = SamplingArguments(
        source: sources[0], field: sources[1], destination: destination, tables: tables, base: base,
        mode: layer.0, alignsCorners: layer.1, padding: layer.2, zeroPoint: layer.3)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
