import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Rows and columns of a 16-bit plane around it, of its own or of one number.
struct Int16PaddingLayer: Layer {
  let name: String
  let kind = LayerKind.rearrangement
  let source: TensorID
  let output: TensorID
  /// Source index of each row and column; negative: outside.
  let rows: [Int32]
  let columns: [Int32]
  let padding: Int16

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.padding
    let (rows, columns) = (
      UnsafePointer(context.memory.copy(rows)), UnsafePointer(context.memory.copy(columns))
    )
    let padding = padding
    return PreparedLayer(kernel: kernel.name) { sources, destination, range in
      var arguments = Int16PaddingArguments(
        source: sources[0], destination: destination, rows: rows, columns: columns, padding: padding)
      kernel.run(&arguments, range.lowerBound, range.upperBound)
    }
  }
}
