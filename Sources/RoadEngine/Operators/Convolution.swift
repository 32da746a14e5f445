import RoadBase
import RoadKernelContract
import RoadModel

enum ConvolutionRule: OperatorRule {
  /// The farthest that padding may reach: halos of all tensors are that wide.
  static let farthest = 512

  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let groups = try node.integer("group", default: 1, in: 1...1 << 20)
    let (source, channelScales) = try lowering.source(of: node, groups: groups)
    let shape = lowering.tensor(source).shape
    guard let constant = try lowering.weights(of: node) else { throw RoadError(.model, "has no weights") }
    let largest = lowering.network.largestFloatWeight(constant, reading: source, groups: groups)
    var weights = try WeightTensor(convolution: constant, largest: largest ?? 127)
    guard weights.inputs * groups == shape.channels, weights.outputs % groups == 0 else {
      throw RoadError(
        .model, "weights \(constant.shape) in \(groups) groups do not fit \(shape.channels) input channels")
    }
    if let channelScales { weights.scales = weights.scales(timesThoseOf: channelScales) }
    guard weights.height <= 64, weights.width <= 64 else {
      throw RoadError(.model, "a window of \(weights.height)x\(weights.width) is not supported")
    }
    let bias = try lowering.bias(of: node, scales: weights.scales)
    let spatial = try SpatialWindow(node: node, input: shape.valueShape, kernel: [weights.height, weights.width])
    let target = PlaneShape(height: spatial.outputHeight, width: spatial.outputWidth, channels: weights.outputs)
    let window = WindowGeometry(spatial)
    guard window.halo(from: shape, to: target) <= farthest else {
      throw RoadError(.model, "pads more than \(farthest) pixels")
    }
    var convolution = Convolution(
      source: source, shape: target, groups: groups, weights: weights, bias: bias, window: .plain(window),
      needsInt16: lowering.tensor(source).element == .int16 || !weights.fitsTwoBytes)
    if largest != nil, groups == 1, channelScales == nil {
      convolution.coarseWeights = try WeightTensor(convolution: constant)
    }
    lowering.set(.pending(PendingLayer(node: node.name, producer: convolution)), outputOf: node)
  }
}

enum TransposedConvolutionRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.anyPicture(0, of: node)
    let shape = lowering.tensor(source).shape
    guard let constant = try lowering.weights(of: node) else { throw RoadError(.model, "has no weights") }
    let groups = try node.integer("group", default: 1, in: 1...1 << 20)
    let largest = lowering.network.largestFloatWeight(constant, reading: source, groups: groups)
    let weights = try WeightTensor(transposed: constant, groups: groups, largest: largest ?? 127)
    guard constant.shape[0] == shape.channels else {
      throw RoadError(
        .model, "weights \(constant.shape) in \(groups) groups do not fit \(shape.channels) input channels")
    }
    let bias = try lowering.bias(of: node, scales: weights.scales)
    let window = try SpatialWindow(
      transposed: node, input: shape.valueShape, kernel: [weights.height, weights.width])
    guard window.strideHeight <= 64, window.strideWidth <= 64, weights.height <= 128, weights.width <= 128 else {
      throw RoadError(.model, "a window of \(window) is not supported")
    }
    let target = PlaneShape(height: window.outputHeight, width: window.outputWidth, channels: weights.outputs)
    let convolution = Convolution(
      source: source, shape: target, groups: groups, weights: weights, bias: bias, window: .transposed(window),
      needsInt16: lowering.tensor(source).element == .int16 || !weights.fitsTwoBytes)
    lowering.set(.pending(PendingLayer(node: node.name, producer: convolution)), outputOf: node)
  }
}

extension Lowering {
  /// The picture that a convolution reads. Of one that sees each channel by itself, bytes with per-channel scales stay
  /// as they are: the scales, relative to the tensor's, become part of the weights'.
  fileprivate mutating func source(of node: Node, groups: Int) throws(RoadError) -> (TensorID, [Float]?) {
    if case .real(let view) = try required(0, of: node), view.dequantized == nil {
      let from = tensor(view.tensor)
      let isWhole = view.view.elements.isSame(as: from.shape.canonicalElements)
      if isWhole, groups == from.channels, let scales = from.format.channelScales {
        return (view.tensor, scales.map { $0 / from.format.scale })
      }
    }
    return (try anyPicture(0, of: node), nil)
  }
}
