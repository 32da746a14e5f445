import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Bilinear or nearest resize; scale and zero-point stay those of the source.
struct ResizeLayer: Layer {
  let name: String
  let kind = LayerKind.resize
  let source: TensorID
  let output: TensorID
  let columns: [ResizeTap]
  let rows: [ResizeTap]
  let elements: TensorElement

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = elements == .int16 ? context.kernels.int16.resize : context.kernels.resize
    let columns = UnsafePointer(context.memory.copy(columns))
    let taps = UnsafePointer(context.memory.copy(rows))
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ResizeArguments(
        source: sources[0], destination: destination, columns: columns, rows: taps)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

extension ResizeGeometry {
  /// The two source coordinates of every output coordinate, and the weight of the second.
  func taps(axis: Int, of elements: TensorElement) -> [ResizeTap] {
    let bits = elements == .int16 ? ResizeArguments.int16WeightBits : ResizeArguments.weightBits
    return (0..<output[axis]).map { index in
      guard mode == .linear else {
        let chosen = Int32(nearestTap(index, axis: axis))
        return ResizeTap(first: chosen, second: chosen, secondWeight: 0)
      }
      let tap = linearTap(index, axis: axis)
      let weight = Int32((tap.weight * Float(1 << bits)).rounded())
      return ResizeTap(first: Int32(tap.first), second: Int32(tap.second), secondWeight: weight)
    }
  }
}
