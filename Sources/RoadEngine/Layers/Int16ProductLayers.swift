import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Product of two activations, number by number, where one of them or the result has 16 bits.
struct Int16ProductLayer: Layer {
  let name: String
  let kind = LayerKind.binary
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let rule: Int16Product
  /// Of the left operand, the right one and the result; shapes likewise.
  let kinds: [TensorElement]
  let shapes: [PlaneShape]

  var inputs: [TensorID] { [left, right] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  init(
    name: String, left: TensorID, right: TensorID, output: TensorID, _ range: ClosedRange<Int>,
    in network: LoweredNetwork
  ) throws(RoadError) {
    let (from, other, to) = (network.tensors[left], network.tensors[right], network.tensors[output])
    let scale = from.format.step * other.format.step / to.format.step
    rule = Int16Product(
      leftZeroPoint: Int64(from.format.zeroPoint), rightZeroPoint: Int64(other.format.zeroPoint),
      rescaling: try .rescaling(scale, to: to.format, range))
    kinds = [from.element, other.element, to.element]
    shapes = [from.shape, other.shape, to.shape]
    (self.name, self.left, self.right, self.output) = (name, left, right, output)
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.product(left: kinds[0], right: kinds[1], to: kinds[2])
    let (rule, shapes) = (rule, shapes)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = BinaryArguments(
        left: sources[0].repeated(shapes[0], over: shapes[2]), right: sources[1].repeated(shapes[1], over: shapes[2]),
        destination: destination, leftIsOneChannel: shapes[0].channels < shapes[2].channels,
        rightIsOneChannel: shapes[1].channels < shapes[2].channels, rule: rule)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// Product of two matrices of activations, of which one or the result has 16 bits.
struct Int16InnerProductLayer: Layer {
  let name: String
  let kind = LayerKind.innerProduct
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let leftRows: Int
  let rightStep: Int
  let rescaling: Int16Rescaling
  /// Of the left matrix, the right one and the result.
  let formats: [TensorFormat]

  var inputs: [TensorID] { [left, right] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    network.tensors[output].height * network.tensors[output].channels * network.tensors[left].channels
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.innerProduct(
      left: formats[0].element, right: formats[1].element, to: formats[2].element)
    let layer = self
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      let formats = layer.formats
      var arguments = Int16InnerProductArguments(
        left: sources[0], right: sources[1], destination: destination, leftRows: layer.leftRows,
        rightStep: layer.rightStep, leftZeroPoint: Int64(formats[0].zeroPoint),
        rightZeroPoint: Int64(formats[1].zeroPoint), rescaling: layer.rescaling)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
