import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

enum TransposedConvolutionRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.anyPicture(0, of: node)
    let shape = lowering.tensor(source).shape
    guard let constant = try lowering.weights(of: node) else { throw RoadError(.model, "has no weights") }
    let group = try node.integer("group", default: 1, in: 1...1 << 20)
    let fine = lowering.fineWeights(constant, reading: source)
    let weights = try WeightTensor(transposed: constant, groups: group, largest: fine ?? 127)
    guard constant.shape[0] == shape.channels else {
      throw RoadError(
        .model, "weights \(constant.shape) in \(group) groups do not fit \(shape.channels) input channels")
    }
    let bias = try lowering.bias(of: node, scales: weights.scales)
    let window = try SpatialWindow(
      transposed: node, input: shape.valueShape, kernel: [weights.height, weights.width])
    guard window.strideHeight <= 64, window.strideWidth <= 64, weights.height <= 128, weights.width <= 128 else {
      throw RoadError(.model, "a window of \(window) is not supported")
    }
    lowering.set(
      .pending(
        pending(
          node.name, source, group, weights, bias, window,
          readingWords: lowering.tensor(source).kind == .int16 || !weights.fitsTwoBytes)),
      outputOf: node)
  }

  private static func pending(
    _ name: String, _ source: TensorID, _ group: Int, _ weights: WeightTensor, _ bias: ConstantTensor?,
    _ window: SpatialWindow, readingWords: Bool
  ) -> PendingLayer {
    let target = PlaneShape(
      height: window.outputHeight, width: window.outputWidth, channels: weights.outputs)
    var pending = PendingLayer(node: name, shape: target) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let grouping = weights.fitted(groups: group, channels: lowering.tensor(source).channels, slices: false)
      let read = grouping.isDoubled ? lowering.doubled(source, name) : source
      let phases = Self.phases(window, grouping.weights)
      try lowering.finishConvolution(
        to: output, clamp, weights: phases.map(\.1), bias: bias, from: lowering.tensor(source).quantization
      ) { output, layers, zeroPoint, clamp in
        TransposedConvolutionLayer(
          name: name, source: read, output: output, strideHeight: window.strideHeight,
          strideWidth: window.strideWidth, kernelText: WindowGeometry(window).text,
          depthwise: grouping.isDepthwise, phases: phases.map(\.0), weights: layers, zeroPoint: zeroPoint,
          clamp: clamp)
      }
    }
    pending.hasChannelFactors = true
    pending.transformed = { (line, lowering) throws(RoadError) in
      let (weights, bias) = try weights.transformed(by: line, bias: bias, step: lowering.tensor(source).step)
      return Self.pending(name, source, group, weights, bias, window, readingWords: readingWords)
    }
    pending.reach = { weights.farthest(bias: bias, from: $0.tensor(source)) }
    pending.finishes(readingWords: readingWords) { (lowering: inout Lowering, output, range) throws(RoadError) in
      try lowering.appendWideConvolution(
        name, .transposed, from: source, to: output, range, phases: Self.phases(window, weights), bias: bias,
        groups: group, text: WindowGeometry(window).text, stride: (window.strideHeight, window.strideWidth))
    }
    return pending
  }

  private static func phases(
    _ window: SpatialWindow, _ weights: WeightTensor
  ) -> [(TransposedConvolutionLayer.Phase, WeightTensor)] {
    let rows = PhaseAxis.all(
      stride: window.strideHeight, dilation: window.dilationHeight, taps: window.kernelHeight, pad: window.padTop,
      outputs: window.outputHeight)
    let columns = PhaseAxis.all(
      stride: window.strideWidth, dilation: window.dilationWidth, taps: window.kernelWidth, pad: window.padLeft,
      outputs: window.outputWidth)
    return rows.flatMap { row in
      columns.map { column in
        let isBlank = row.taps.isEmpty || column.taps.isEmpty
        let geometry = WindowGeometry(
          kernelHeight: isBlank ? 1 : row.taps.count, kernelWidth: isBlank ? 1 : column.taps.count,
          dilationHeight: row.dilation, dilationWidth: column.dilation, padTop: isBlank ? 0 : row.pad,
          padLeft: isBlank ? 0 : column.pad)
        let phase = TransposedConvolutionLayer.Phase(
          firstRow: row.first, firstColumn: column.first, rows: row.count, columns: column.count, window: geometry)
        return (phase, isBlank ? weights.blank : weights.taps(rows: row.taps, columns: column.taps))
      }
    }
  }
}

/// One phase of a transposed convolution along one axis.
///
/// Output `y` gets tap `k` of input `i` where `y + pad = i·stride + k·dilation`. Outputs `first, first + stride, ...`
/// share their taps; over them `i` grows by one a step, and from tap to tap it falls by `dilation·step ÷ stride`: a
/// plain convolution with the taps in reverse.
private struct PhaseAxis {
  var first: Int
  var count: Int
  /// In the order of rising input; empty where no tap reaches these outputs.
  var taps: [Int]
  var dilation: Int
  var pad: Int

  static func all(stride: Int, dilation: Int, taps: Int, pad: Int, outputs: Int) -> [PhaseAxis] {
    (0..<min(stride, outputs)).map { first in
      let reaching = (0..<taps).filter { (first + pad - $0 * dilation) % stride == 0 }
      let count = (outputs - first + stride - 1) / stride
      guard let nearest = reaching.first, let farthest = reaching.last else {
        return PhaseAxis(first: first, count: count, taps: [], dilation: 1, pad: 0)
      }
      let step = reaching.count > 1 ? reaching[1] - nearest : stride
      // Exact: both differ from a multiple of the stride by the same.
      return PhaseAxis(
        first: first, count: count, taps: reaching.reversed(), dilation: max(step * dilation / stride, 1),
        pad: -((first + pad - farthest * dilation) / stride))
    }
  }
}
