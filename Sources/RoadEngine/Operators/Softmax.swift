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
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = PortableKernels.softmax
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

/// Softmax along any axis; before opset 13 along all axes from the one named.
enum SoftmaxRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let view = try lowering.activation(viewOf: 0, of: node)
    let rank = view.shape.count
    let isOld = lowering.graph.opset < 13
    let axis = try node.axis(try node.integer("axis", default: isOld ? 1 : -1, in: -64...64), rank: rank)
    let axes = isOld ? Array(axis..<rank).filter { view.shape[$0] > 1 } : [axis]
    let source: TensorID
    var elements = view.elements
    if axes.count == 1, lowering.channelAxis(ofWhole: view) == axes[0] {
      source = view.tensor
    } else {
      let others = view.shape.indices.filter { !axes.contains($0) }
      let arrangement = Arrangement(rows: others.dropLast(), columns: others.suffix(1), channels: axes)
      source = lowering.plane(of: view, arrangement)
      elements = arrangement.elements(of: view.shape)
    }
    let (name, from) = (node.name, lowering.tensor(source))
    guard from.channels <= 1 << 20 else { throw RoadError(.model, "a softmax over \(from.channels) numbers") }
    var pending = PendingLayer(node: name, shape: from.shape, elements: elements) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output).quantization
      let unit = Double(1 << SoftmaxArguments.exponentBits)
      let multiplier = (Double(1 << SoftmaxArguments.multiplierBits) / Double(to.scale)).rounded()
      // With e_c up to 2^20 the product stays under 2^62.
      guard multiplier < 0x1p42, clamp == .none else {
        throw RoadError(.model, "its output's scale is \(to.scale), or it is clamped, which is not supported")
      }
      lowering.append(
        SoftmaxLayer(
          name: name, source: source, output: output,
          exponents: (0...255).map {
            Int64((unit * exponential(-Double(from.quantization.scale) * Double($0))).rounded())
          },
          multiplier: Int64(multiplier), zeroPoint: to.zeroPoint))
    }
    pending.range = 0...1
    lowering.set(.pending(pending), outputOf: node)
  }
}
