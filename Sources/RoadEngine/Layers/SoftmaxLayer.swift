import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Softmax over the channels of each pixel.
struct SoftmaxLayer: Layer {
  let name: String
  let kind = LayerKind.softmax
  let source: TensorID
  let output: TensorID
  /// 256 exponentials, by the distance from the maximum.
  let exponents: [Int64]
  let multiplier: Int64
  let zeroPoint: UInt8

  var inputs: [TensorID] { [source] }
  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.softmax
    let (exponents, multiplier, zeroPoint) = (
      UnsafePointer(context.memory.copy(exponents)), multiplier, zeroPoint
    )
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = SoftmaxArguments(
        source: sources[0], destination: destination, exponents: exponents, multiplier: multiplier,
        zeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// The same where source or result has 16 bits.
struct Int16SoftmaxLayer: Layer {
  let name: String
  let kind = LayerKind.softmax
  let source: TensorID
  let output: TensorID
  /// Of source and result.
  let elements: (from: TensorElement, to: TensorElement)
  /// By the distance from the maximum.
  let exponents: [UInt32]
  let multiplier: Int64
  let zeroPoint: Int64
  let integers: ClosedRange<Int>

  var inputs: [TensorID] { [source] }
  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.softmax(from: elements.from, to: elements.to)
    let (table, count) = (UnsafePointer(context.memory.copy(exponents)), exponents.count)
    let (multiplier, zeroPoint, integers) = (multiplier, zeroPoint, integers)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16SoftmaxArguments(
        source: sources[0], destination: destination, exponents: table, count: count, multiplier: multiplier,
        zeroPoint: zeroPoint, low: Int64(integers.lowerBound), high: Int64(integers.upperBound))
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
