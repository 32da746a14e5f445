import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// MatMul of two activations, or of an activation and a constant.
enum MatMulRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    switch (try lowering.required(0, of: node), try lowering.required(1, of: node)) {
    case (_, .constant(let constant)) where constant.holdsMatrices:
      let left = try lowering.anyActivation(0, of: node)
      try lowering.product(node, left, try lowering.activation(of: constant))
    case (.constant(let constant), _) where constant.holdsMatrices:
      let right = try lowering.anyActivation(1, of: node)
      try lowering.product(node, try lowering.activation(of: constant), right)
    case (_, .constant(let constant)):
      let view = try lowering.anyActivation(0, of: node)
      try lowering.product(node, view, depthAxis: view.shape.count - 1, constant, isTransposed: false)
    case (.constant(let constant), _):
      // (A·b)ᵀ = bᵀ·Aᵀ: the rows of the constant become channels.
      let view = try lowering.anyActivation(1, of: node)
      try lowering.product(node, view, depthAxis: view.shape.count - 2, constant, isTransposed: true)
    default:
      let (left, right) = (
        try lowering.anyActivation(0, of: node), try lowering.anyActivation(1, of: node)
      )
      try lowering.product(node, left, right)
    }
  }
}

extension ConstantTensor {
  /// One for each of a batch, not one for all.
  fileprivate var holdsMatrices: Bool { shape.count > 2 && shape.dropLast(2).contains { $0 != 1 } }
}

/// Gemm with constant weights.
enum GemmRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    guard try node.float("alpha", default: 1) == 1, try node.float("beta", default: 1) == 1 else {
      throw RoadError(.model, "alpha and beta other than 1 are not supported")
    }
    let transposes = (
      try node.integer("transA", default: 0, in: 0...1) == 1, try node.integer("transB", default: 0, in: 0...1) == 1
    )
    var view = try lowering.anyActivation(0, of: node)
    guard view.shape.count == 2 else { throw RoadError(.model, "its input has shape \(view.shape), not a matrix") }
    if transposes.0 { view.elements = view.elements.transposed([1, 0]) }
    guard let constant = try lowering.weights(of: node) else { throw RoadError(.model, "has no weights") }
    try lowering.product(node, view, depthAxis: 1, constant, isTransposed: transposes.1, hasBias: true)
  }
}

extension Lowering {
  /// A 1x1 convolution over the planes whose channels are the depth axis.
  fileprivate mutating func product(
    _ node: Node, _ view: ElementView, depthAxis: Int, _ constant: ConstantTensor, isTransposed: Bool,
    hasBias: Bool = false
  ) throws(RoadError) {
    let largest = network.largestFloatWeight(constant, reading: view.tensor)
    let weights = try WeightTensor(matrix: constant, isTransposed: isTransposed, largest: largest ?? 127)
    let bias = hasBias ? try bias(of: node, scales: weights.scales) : nil
    guard view.shape.indices.contains(depthAxis), view.shape[depthAxis] == weights.inputs else {
      throw RoadError(.model, "multiplies \(view.shape) with a matrix of depth \(weights.inputs)")
    }
    var result = view.shape
    result[depthAxis] = weights.outputs
    let source: TensorID
    var elements: StridedView
    if network.channelAxis(ofWhole: view) == depthAxis {
      source = view.tensor
      elements = view.elements
      elements.shape = result
      for axis in result.indices where axis != depthAxis {
        elements.strides[axis] = elements.strides[axis] / weights.inputs * weights.outputs
      }
      elements.strides[depthAxis] = 1
    } else {
      let others = view.shape.indices.filter { $0 != depthAxis }
      let arrangement = Arrangement(rows: others.dropLast(), columns: others.suffix(1), channels: [depthAxis])
      source = network.plane(of: view, arrangement)
      elements = arrangement.elements(of: result)
    }
    let plane = tensor(source).shape
    let target = PlaneShape(height: plane.height, width: plane.width, channels: weights.outputs)
    let window = WindowGeometry(kernelHeight: 1, kernelWidth: 1)
    var convolution = Convolution(
      source: source, shape: target, groups: 1, weights: weights, bias: bias, window: .plain(window),
      needsInt16: tensor(source).element == .int16 || !weights.fitsTwoBytes)
    if largest != nil { convolution.coarseWeights = try WeightTensor(matrix: constant, isTransposed: isTransposed) }
    set(.pending(PendingLayer(node: node.name, producer: convolution, elements: elements)), outputOf: node)
  }

  fileprivate mutating func product(_ node: Node, _ left: ElementView, _ right: ElementView) throws(RoadError) {
    guard left.shape.count >= 2, right.shape.count >= 2 else {
      throw RoadError(.model, "multiplies \(left.shape) with \(right.shape), which is not supported")
    }
    let (rows, depth, columns) = (
      left.shape[left.shape.count - 2], left.shape[left.shape.count - 1], right.shape[right.shape.count - 1]
    )
    guard right.shape[right.shape.count - 2] == depth, depth < 1 << 15,
      let batch = broadcastShape(left.shape.dropLast(2), right.shape.dropLast(2)),
      let spreadLeft = left.elements.broadcast(to: batch + [rows, depth])
    else { throw RoadError(.model, "multiplies \(left.shape) with \(right.shape), which is not supported") }
    let sharesRight = right.shape.dropLast(2).allSatisfy { $0 == 1 }
    let rightBatch = sharesRight ? right.shape.dropLast(2) : batch[...]
    guard let spreadRight = right.elements.broadcast(to: rightBatch + [depth, columns]) else {
      throw RoadError(.model, "multiplies \(left.shape) with \(right.shape), which is not supported")
    }
    let rank = batch.count + 2
    let (a, b) = (
      network.plane(
        of: ElementView(tensor: left.tensor, elements: spreadLeft),
        Arrangement(rows: Array(0..<rank - 1), columns: [], channels: [rank - 1])),
      network.plane(
        of: ElementView(tensor: right.tensor, elements: spreadRight),
        Arrangement(
          rows: Array(0..<rightBatch.count) + [rightBatch.count + 1], columns: [], channels: [rightBatch.count]))
    )
    let target = PlaneShape(height: batch.reduce(rows, *), width: 1, channels: columns)
    let elements = Arrangement(rows: Array(0..<rank - 1), columns: [], channels: [rank - 1]).elements(
      of: batch + [rows, columns])
    let product = InnerProduct(
      left: a, right: b, shape: target, leftRows: rows, rightStep: sharesRight ? 0 : columns)
    set(.pending(PendingLayer(node: node.name, producer: product, elements: elements)), outputOf: node)
  }
}

/// The product of two matrices of activations.
struct InnerProduct: Producer {
  var left: TensorID
  var right: TensorID
  var shape: PlaneShape
  var leftRows: Int
  var rightStep: Int

  let writesInt16 = true

  /// Shares of a softmax, which sum to one, give means of the right rows.
  func reach(in network: LoweredNetwork) -> Float? {
    let maker = network.layers.last { $0.output == left }
    if maker is SoftmaxLayer || maker is Int16SoftmaxLayer { return network.tensors[right].farthest }
    return Float(network.tensors[left].channels) * network.tensors[left].farthest * network.tensors[right].farthest
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let formats = [left, right, output].map { network.tensors[$0].format }
    if formats.contains(where: { $0.element == .int16 }) {
      guard network.tensors[left].channels < Int16InnerProductArguments.largestDepth else {
        throw RoadError(.model, "multiplies rows of \(network.tensors[left].channels) numbers of 16 bits")
      }
      return network.append(
        Int16InnerProductLayer(
          name: name, left: left, right: right, output: output, leftRows: leftRows, rightStep: rightStep,
          rescaling: try .rescaling(formats[0].step * formats[1].step / formats[2].step, to: formats[2], integers),
          formats: formats))
    }
    let to = network.tensors[output].quantization
    let (from, other) = (network.tensors[left].quantization, network.tensors[right].quantization)
    let scale = Double(from.scale) * Double(other.scale) / Double(to.scale)
    network.append(
      InnerProductLayer(
        name: name, left: left, right: right, output: output, leftRows: leftRows, rightStep: rightStep,
        rescaling: try .rescaling(scale, to: to, ByteClamp(integers)), leftZeroPoint: from.zeroPoint,
        rightZeroPoint: other.zeroPoint))
  }
}
