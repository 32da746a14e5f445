import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

enum MaxPoolRule: OperatorRule {
  /// An index within a window is a byte.
  private static let largestWindow = 256

  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let (view, source): (RealView, TensorID)
    if let finer = try lowering.int16(0, of: node) {
      (view, source) = (RealView(view: finer), lowering.network.plane(of: finer))
    } else {
      (view, source) = try lowering.increasing(0, of: node)
    }
    let shape = lowering.tensor(source).shape
    guard try node.integer("storage_order", default: 0, in: 0...1) == 0 else {
      throw RoadError(.model, "storage_order 1 is not supported")
    }
    let window = try SpatialWindow(node: node, input: shape.valueShape)
    let target = PlaneShape(height: window.outputHeight, width: window.outputWidth, channels: shape.channels)
    let output = lowering.network.addTensor(node.outputs[0], target, lowering.tensor(source).format.ofOneScale)
    let layer = MaximumLayer(
      name: node.name, source: source, output: output, window: WindowGeometry(window),
      elements: lowering.tensor(source).element)
    lowering.network.append(layer)
    let result = lowering.network.canonicalView(of: output)
    lowering.set(.real(RealView(view: result, dequantized: view.dequantized)), outputOf: node)
    guard node.outputs.count > 1, !node.outputs[1].isEmpty else { return }
    guard window.kernelHeight * window.kernelWidth <= Self.largestWindow else {
      throw RoadError(.model, "indices of windows of more than \(largestWindow) pixels are not supported")
    }
    var indices = layer
    indices.name = "\(node.name)/indices"
    indices.output = lowering.network.addTensor(
      node.outputs[1], target, TensorFormat(Quantization(scale: 1, zeroPoint: 0)))
    indices.writesArgmax = true
    lowering.network.append(indices)
    let argmax = ArgmaxView(
      tensor: indices.output, window: layer.window, source: shape.valueShape, shape: target.valueShape)
    lowering.set(.argmax(argmax), output: 1, of: node)
  }
}

enum MaxUnpoolRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.anyPicture(0, of: node)
    let from = lowering.tensor(source)
    guard case .argmax(let argmax) = try lowering.required(1, of: node), argmax.shape == from.shape.valueShape else {
      throw RoadError(.model, "its indices are not those of a MaxPool with a result of \(from.shape)")
    }
    if let given = try lowering.constant(2, of: node)?.data.integers, given != argmax.source {
      throw RoadError(.model, "unpools to \(given), but its indices come from \(argmax.source)")
    }
    lowering.unpool(node, source, argmax)
  }
}

extension Lowering {
  /// Puts a pool's maxima back.
  mutating func unpool(_ node: Node, _ source: TensorID, _ argmax: ArgmaxView) {
    let target = PlaneShape(height: argmax.source[2], width: argmax.source[3], channels: argmax.source[1])
    let format = tensor(source).format
    let output = network.addTensor(node.outputs[0], target, format.ofOneScale)
    network.append(
      UnpoolingLayer(
        name: node.name, source: source, argmax: argmax.tensor, output: output, window: argmax.window,
        zeroPoint: format.zeroPoint, elements: format.element))
    set(network.canonicalView(of: output), outputOf: node)
  }

  /// An input for an operator that only compares: its numbers may be any that grow with the byte.
  mutating func increasing(_ index: Int, of node: Node) throws(RoadError) -> (RealView, TensorID) {
    var view = try real(index, of: node)
    let row = view.commonRow(of: tensor(view.tensor))
    let grows = row.map { zip($0, $0.dropFirst()).allSatisfy { $0 <= $1 } } ?? false
    if !grows || view.tensor == network.input {
      view = RealView(view: try activation(viewOf: index, of: node))
    }
    guard view.shape.count == 4, view.shape[0] == 1 else {
      throw RoadError(.model, "input '\(node.inputs[index])' has shape \(view.shape), not 1xCxHxW")
    }
    if let row, !view.isPlain(in: tensor(view.tensor)) { view.dequantized = [row] }
    return (view, network.plane(of: view.view))
  }
}

enum AveragePoolRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.anyPicture(0, of: node)
    let from = lowering.tensor(source)
    let window = try SpatialWindow(node: node, input: from.shape.valueShape)
    let target = PlaneShape(height: window.outputHeight, width: window.outputWidth, channels: from.channels)
    let counts = try divisors(node, window, from.shape)
    let mean = WindowMean(
      source: source, shape: target, window: WindowGeometry(window), rowTaps: counts.rows, columnTaps: counts.columns)
    lowering.set(.pending(PendingLayer(node: node.name, producer: mean)), outputOf: node)
  }

  /// The taps that the mean of each output row and column counts.
  private static func divisors(
    _ node: Node, _ window: SpatialWindow, _ shape: PlaneShape
  ) throws(RoadError) -> (rows: [Int32], columns: [Int32]) {
    let countsPadding = try node.integer("count_include_pad", default: 0, in: 0...1) == 1
    // Rounding the size up lengthens the padding at the end; what was added never counts.
    let ceiling = try node.integer("ceil_mode", default: 0, in: 0...1) == 1
    let given = try node.integers("pads", count: 4, default: [0, 0, 0, 0], in: 0...1 << 16)
    let ends = ceiling ? [given[2], given[3]] : [window.padBottom, window.padRight]
    func counts(_ outputs: Int, _ size: Int, _ before: Int, _ after: Int, _ step: Int, _ dilation: Int, _ taps: Int)
      -> [Int32]
    {
      let (low, high) = countsPadding ? (-before, size + after) : (0, size)
      return (0..<outputs).map { index in
        Int32((0..<taps).filter { (low..<high).contains(index * step - before + $0 * dilation) }.count)
      }
    }
    return (
      counts(
        window.outputHeight, shape.height, window.padTop, ends[0], window.strideHeight, window.dilationHeight,
        window.kernelHeight),
      counts(
        window.outputWidth, shape.width, window.padLeft, ends[1], window.strideWidth, window.dilationWidth,
        window.kernelWidth)
    )
  }
}
