import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Resize with any number of taps: cubic, antialiased, or of a region of interest that reaches outside.
struct ResamplingLayer: Layer {
  let name: String
  let kind = LayerKind.resize
  let source: TensorID
  let output: TensorID
  let rows: [ResizeTaps?]
  let columns: [ResizeTaps?]
  let rule: Int16Rescaling
  /// Of source and result.
  let elements: (TensorElement, TensorElement)
  let sourceZeroPoint: Int
  /// What stands where no tap lies inside the source.
  let outside: Int

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel =
      elements == (.uint8, .uint8) ? context.kernels.resampling : context.kernels.int16.resampling(to: elements.1)
    var weights: [Int32] = []
    let rows = UnsafePointer(context.memory.copy(rows.map { $0.fixed(in: &weights) }))
    let columns = UnsafePointer(context.memory.copy(columns.map { $0.fixed(in: &weights) }))
    let numbers = UnsafePointer(context.memory.copy(weights))
    let (rule, zeroPoint, outside) = (rule, Int64(sourceZeroPoint), Int64(outside))
    return PreparedLayer(kernel: kernel.name) { sources, destination, range in
      var arguments = ResamplingArguments(
        source: sources[0], destination: destination, rows: rows, columns: columns, weights: numbers, rule: rule,
        sourceZeroPoint: zeroPoint, outside: outside)
      kernel.run(&arguments, range.lowerBound, range.upperBound)
    }
  }
}

extension ResizeTaps? {
  /// In fixed point, and exactly one in sum, so that what is constant stays so: the largest weight takes the rest.
  fileprivate func fixed(in weights: inout [Int32]) -> ResamplingArguments.Taps {
    guard let self else { return ResamplingArguments.Taps(first: 0, count: 0, weights: 0) }
    let one = Float(1 << ResamplingArguments.weightBits)
    var fixed = self.weights.map { Int32(($0 * one).rounded()) }
    if let largest = fixed.indices.max(by: { fixed[$0] < fixed[$1] }) {
      fixed[largest] += Int32(one) - fixed.reduce(0, +)
    }
    defer { weights += fixed }
    return ResamplingArguments.Taps(
      first: Int32(self.first), count: Int32(fixed.count), weights: Int32(weights.count))
  }
}
