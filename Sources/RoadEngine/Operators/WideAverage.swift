import RoadBase
import RoadKernelContract
import RoadKernels

/// Mean over windows, or over the whole picture, that reads or writes 16-bit words.
struct WideAverageLayer: Layer {
  let name: String
  let kind: LayerKind
  let source: TensorID
  let output: TensorID
  let window: WindowGeometry
  /// Those of the output (y, x) are at `rowFactors[y] + columnFactors[x]`.
  let factors: [Int16Rescaling]
  let rowFactors: [Int32]
  let columnFactors: [Int32]
  let sourceZeroPoint: Int
  let from: TensorElement
  let to: TensorElement

  var inputs: [TensorID] { [source] }
  var windowText: String { kind == .average ? window.text : "" }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = Int16Kernels.average(from: from, to: to)
    let (memory, window, zeroPoint) = (context.memory, window, Int64(sourceZeroPoint))
    let factors = UnsafePointer(memory.copy(factors))
    let (rowFactors, columnFactors) = (
      UnsafePointer(memory.copy(rowFactors)), UnsafePointer(memory.copy(columnFactors))
    )
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16AverageArguments(
        source: sources[0], destination: destination, window: window, factors: factors, rowFactors: rowFactors,
        columnFactors: columnFactors, sourceZeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
