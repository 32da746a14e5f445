import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Convolution, dense or depthwise, with the activation fused into the clamp of its output.
struct ConvolutionLayer: Layer {
  let name: String
  let source: TensorID
  let output: TensorID
  let window: WindowGeometry
  let depthwise: Bool
  let weights: WeightLayer
  let zeroPoint: Int16
  let clamp: ByteClamp

  var inputs: [TensorID] { [source] }

  var kind: LayerKind {
    if depthwise { return .depthwise }
    return window.kernelHeight == 1 && window.kernelWidth == 1 ? .pointwise : .convolution
  }

  var windowText: String {
    "\(window.kernelHeight)x\(window.kernelWidth) s\(window.strideHeight) d\(window.dilationHeight)"
  }

  var rowWindow: WindowGeometry? { window }

  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int {
    let (from, to) = (network.tensors[source], network.tensors[output])
    let below = window.sourceRow(to.height - 1, window.kernelHeight - 1) - (from.height - 1)
    let right = window.sourceColumn(to.width - 1, window.kernelWidth - 1) - (from.width - 1)
    return max(window.padTop, window.padLeft, below, right, 0)
  }

  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    let to = network.tensors[output]
    return to.height * to.width * to.channels * weights.products
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = depthwise ? context.kernels.depthwise : context.kernels.convolution
    let packed = context.memory.allocate(kernel.packedByteCount(weights))
    kernel.pack(weights, packed)
    guard let base = packed.baseAddress else { preconditionFailure("no memory for packed weights") }
    let (window, zeroPoint, clamp) = (window, zeroPoint, clamp)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ConvolutionArguments(
        source: sources[0], destination: destination, window: window, packed: UnsafeRawPointer(base),
        zeroPoint: zeroPoint, low: clamp.low, high: clamp.high)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

enum ConvolutionRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.activation(0, of: node)
    let shape = lowering.tensor(source).shape
    guard let constant = try lowering.constant(1, of: node) else { throw RoadError(.model, "has no weights") }
    let group = try node.integer("group", default: 1, in: 1...1 << 20)
    let kernel = try ConvolutionWeights(constant, inputChannels: shape.channels, group: group)
    let bias = try lowering.constant(2, of: node)
    let (window, target) = try geometry(node, kernel, shape)
    let name = node.name
    let pending = PendingLayer(node: name, shape: target) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let (from, to) = (lowering.tensor(source).quantization, lowering.tensor(output).quantization)
      lowering.append(
        ConvolutionLayer(
          name: name, source: source, output: output, window: window, depthwise: kernel.isDepthwise,
          weights: try kernel.layer(bias: bias, from: from, to: to), zeroPoint: Int16(to.zeroPoint), clamp: clamp))
    }
    lowering.set(.pending(pending), outputOf: node)
  }

  private static func geometry(
    _ node: Node, _ kernel: ConvolutionWeights, _ shape: PlaneShape
  ) throws(RoadError) -> (WindowGeometry, PlaneShape) {
    let strides = try node.integers("strides", count: 2, default: [1, 1], in: 1...64)
    let dilations = try node.integers("dilations", count: 2, default: [1, 1], in: 1...64)
    let pads = try pads(node, kernel, shape, strides: strides, dilations: dilations)
    let window = WindowGeometry(
      kernelHeight: kernel.height, kernelWidth: kernel.width, strideHeight: strides[0], strideWidth: strides[1],
      dilationHeight: dilations[0], dilationWidth: dilations[1], padTop: pads[0], padLeft: pads[1])
    let height = (shape.height + pads[0] + pads[2] - (kernel.height - 1) * dilations[0] - 1)
    let width = (shape.width + pads[1] + pads[3] - (kernel.width - 1) * dilations[1] - 1)
    guard height >= 0, width >= 0 else {
      throw RoadError(.model, "its \(kernel.height)x\(kernel.width) window is larger than its input \(shape)")
    }
    let target = PlaneShape(
      height: height / strides[0] + 1, width: width / strides[1] + 1, channels: kernel.outputChannels)
    return (window, target)
  }

  /// Top, left, bottom, right.
  private static func pads(
    _ node: Node, _ kernel: ConvolutionWeights, _ shape: PlaneShape, strides: [Int], dilations: [Int]
  ) throws(RoadError) -> [Int] {
    let mode = try node.string(
      "auto_pad", default: "NOTSET", of: ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    switch mode {
    case "NOTSET": return try node.integers("pads", count: 4, default: [0, 0, 0, 0], in: 0...256)
    case "VALID": return [0, 0, 0, 0]
    default:
      let sides = [(shape.height, kernel.height), (shape.width, kernel.width)]
      let totals = sides.enumerated().map { axis, side in
        let steps = (side.0 + strides[axis] - 1) / strides[axis]
        return max(0, (steps - 1) * strides[axis] + (side.1 - 1) * dilations[axis] + 1 - side.0)
      }
      let small = totals.map { $0 / 2 }
      let large = zip(totals, small).map { $0 - $1 }
      return mode == "SAME_UPPER" ? small + large : large + small
    }
  }
}
