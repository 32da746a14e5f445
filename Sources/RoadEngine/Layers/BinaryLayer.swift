import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Two activations byte by byte, with broadcasting.
struct BinaryLayer: Layer {
  enum Operation {
    case sum(BinarySum)
    case product(BinaryProduct)
    case affine([PerChannelAffine.Factors], zeroPoint: UInt8, ByteClamp)
    /// 65536 bytes: `[left · 256 + right]`.
    case table([UInt8])
  }

  let name: String
  let kind = LayerKind.binary
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let operation: Operation
  /// Shapes of both operands and of the result.
  let shapes: [PlaneShape]

  var inputs: [TensorID] { [left, right] }
  /// An operand that is repeated down the picture has rows of its own.
  var rowWindow: WindowGeometry? { shapes.allSatisfy { $0.height == shapes[2].height } ? .pixel : nil }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    switch operation {
    case .sum(let rule): prepared(context.kernels.binarySum, rule)
    case .product(let rule): prepared(context.kernels.binaryProduct, rule)
    case .affine(let factors, let zeroPoint, let clamp):
      prepared(
        context.kernels.perChannelAffine,
        PerChannelAffine(
          factors: UnsafePointer(context.memory.copy(factors)), zeroPoint: Int64(zeroPoint), low: Int64(clamp.low),
          high: Int64(clamp.high)))
    case .table(let bytes):
      prepared(context.kernels.binaryTable, BinaryTable(bytes: UnsafePointer(context.memory.copy(bytes))))
    }
  }

  private func prepared<Rule>(_ kernel: PlainKernel<BinaryArguments<Rule>>, _ rule: Rule) -> PreparedLayer {
    let (left, right, result) = (shapes[0], shapes[1], shapes[2])
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = BinaryArguments(
        left: sources[0].repeated(left, over: result), right: sources[1].repeated(right, over: result),
        destination: destination, leftIsOneChannel: left.channels < result.channels,
        rightIsOneChannel: right.channels < result.channels, rule: rule)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

extension TensorView {
  /// With pitches of 0 along the axes in which a single row or column serves all.
  func repeated(_ shape: PlaneShape, over result: PlaneShape) -> TensorView {
    var view = self
    if shape.height < result.height { view.rowPitch = 0 }
    if shape.width < result.width { view.pixelPitch = 0 }
    return view
  }
}
