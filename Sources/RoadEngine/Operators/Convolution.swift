import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

enum ConvolutionRule: OperatorRule {
  /// The farthest that padding may reach: halos of all tensors are that wide.
  static let farthest = 512

  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let group = try node.integer("group", default: 1, in: 1...1 << 20)
    let (source, channelScales) = try lowering.source(of: node, groups: group)
    let shape = lowering.tensor(source).shape
    guard let constant = try lowering.weights(of: node) else { throw RoadError(.model, "has no weights") }
    let fine = lowering.fineWeights(constant, reading: source)
    var weights = try WeightTensor(convolution: constant, largest: fine ?? 127)
    guard weights.inputs * group == shape.channels, weights.outputs % group == 0 else {
      throw RoadError(
        .model, "weights \(constant.shape) in \(group) groups do not fit \(shape.channels) input channels")
    }
    if let channelScales { weights.scales = weights.scales(timesThoseOf: channelScales) }
    guard weights.height <= 64, weights.width <= 64 else {
      throw RoadError(.model, "a window of \(weights.height)x\(weights.width) is not supported")
    }
    let bias = try lowering.bias(of: node, scales: weights.scales)
    let spatial = try SpatialWindow(node: node, input: shape.valueShape, kernel: [weights.height, weights.width])
    let target = PlaneShape(
      height: spatial.outputHeight, width: spatial.outputWidth, channels: weights.outputs)
    let window = WindowGeometry(spatial)
    guard window.reach(from: shape, to: target) <= farthest else {
      throw RoadError(.model, "pads more than \(farthest) pixels")
    }
    var layer = pending(
      node.name, source, target, elements: nil, groups: group, weights, bias, window,
      readingWords: lowering.tensor(source).kind == .int16 || !weights.fitsTwoBytes)
    if fine != nil, group == 1, channelScales == nil {
      let coarse = try WeightTensor(convolution: constant)
      layer.wide = WideScoresSource(source: source, window: window, weights: coarse, bias: bias)
    }
    lowering.set(.pending(layer), outputOf: node)
  }

  static func pending(
    _ name: String, _ source: TensorID, _ target: PlaneShape, elements: StridedView?, groups: Int,
    _ weights: WeightTensor, _ bias: ConstantTensor?, _ window: WindowGeometry, readingWords: Bool = false
  ) -> PendingLayer {
    var pending = PendingLayer(node: name, shape: target, elements: elements) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let grouping = weights.fitted(groups: groups, channels: lowering.tensor(source).channels)
      let read = grouping.isDoubled ? lowering.doubled(source, name) : source
      try lowering.finishConvolution(
        to: output, clamp, weights: grouping.weights, bias: bias, from: lowering.tensor(source).quantization
      ) { output, layers, zeroPoint, clamp in
        ConvolutionLayer(
          name: name, source: read, output: output, window: window, depthwise: grouping.isDepthwise,
          parts: grouping.parts(of: layers[0]), zeroPoint: zeroPoint, clamp: clamp)
      }
    }
    pending.hasChannelFactors = true
    if groups == 1, !readingWords, weights.fitsByte {
      pending.wide = WideScoresSource(source: source, window: window, weights: weights, bias: bias)
    }
    pending.transformed = { (line, lowering) throws(RoadError) in
      let (weights, bias) = try weights.transformed(by: line, bias: bias, step: lowering.tensor(source).step)
      return Self.pending(
        name, source, target, elements: elements, groups: groups, weights, bias, window, readingWords: readingWords)
    }
    pending.reach = { weights.farthest(bias: bias, from: $0.tensor(source)) }
    pending.finishes(readingWords: readingWords) { (lowering: inout Lowering, output, range) throws(RoadError) in
      let phase = TransposedConvolutionLayer.Phase(
        firstRow: 0, firstColumn: 0, rows: target.height, columns: target.width, window: window)
      let kind: LayerKind =
        groups > 1 && groups == target.channels ? .depthwise : window.isPointwise ? .pointwise : .convolution
      try lowering.appendWideConvolution(
        name, kind, from: source, to: output, range, phases: [(phase, weights)], bias: bias, groups: groups,
        text: window.text)
    }
    return pending
  }
}

/// How the channels of a grouped convolution meet the kernels.
struct Grouping {
  var weights: WeightTensor
  var isDepthwise: Bool
  /// Each source channel is there twice.
  var isDoubled: Bool
  /// Groups whose channels start at channel blocks run one by one; others become dense, with zeros.
  var groups: Int

  /// The weights of each group, cut out of those of all.
  func parts(of layer: WeightLayer) -> [ConvolutionLayer.Part] {
    guard groups > 1 else { return [ConvolutionLayer.Part(weights: layer)] }
    let each = layer.outputChannels / groups
    return (0..<groups).map { group in
      let channels = group * each..<(group + 1) * each
      let weights = WeightLayer(
        outputChannels: each, inputChannels: layer.inputChannels, kernelHeight: layer.kernelHeight,
        kernelWidth: layer.kernelWidth,
        weights: Array(layer.weights[channels.lowerBound * layer.products..<channels.upperBound * layer.products]),
        bias: Array(layer.bias[channels]), shift: Array(layer.shift[channels]),
        multiplier: Array(layer.multiplier[channels]),
        onnxRuntimeFactors: layer.onnxRuntimeFactors.map { Array($0[channels]) }, inputZeroPoint: layer.inputZeroPoint)
      return ConvolutionLayer.Part(
        firstInput: group * layer.inputChannels, firstOutput: channels.lowerBound, weights: weights)
    }
  }
}

extension WeightTensor {
  /// - Parameter slices: whether groups may run one by one.
  func fitted(groups: Int, channels: Int, slices: Bool = true) -> Grouping {
    if groups > 1, groups == channels, groups == outputs, fitsByte {
      return Grouping(weights: self, isDepthwise: true, isDoubled: false, groups: 1)
    }
    let block = TensorView.channelBlock
    if slices, groups > 1, fitsByte, inputs % block == 0, outputs / groups % block == 0 {
      return Grouping(weights: self, isDepthwise: false, isDoubled: false, groups: groups)
    }
    let dense = groups > 1 ? self.dense(groups: groups) : self
    return Grouping(
      weights: dense.fitsByte ? dense : dense.doubled, isDepthwise: false, isDoubled: !dense.fitsByte, groups: 1)
  }

  /// A weight is zero where an output does not see an input.
  private func dense(groups: Int) -> WeightTensor {
    let taps = height * width
    var all = [Int16](repeating: 0, count: outputs * inputs * groups * taps)
    for output in 0..<outputs {
      let first = (output * inputs * groups + output / (outputs / groups) * inputs) * taps
      all.replaceSubrange(
        first..<first + inputs * taps, with: values[output * inputs * taps..<(output + 1) * inputs * taps])
    }
    return WeightTensor(
      outputs: outputs, inputs: inputs * groups, height: height, width: width, values: all, scales: scales)
  }
}

extension Lowering {
  /// The picture that a convolution reads. Of one that sees each channel by itself, bytes with a scale a channel stay
  /// as they are: the scales, relative to the tensor's, become part of the weights'.
  fileprivate mutating func source(of node: Node, groups: Int) throws(RoadError) -> (TensorID, [Float]?) {
    if case .real(let view) = try required(0, of: node), view.hasChannelScales {
      let from = tensor(view.tensor)
      let isWhole = view.view.elements.isSame(as: canonicalView(of: view.tensor).elements)
      if isWhole, groups == from.channels, let scales = from.channelScales {
        return (view.tensor, scales.map { $0 / from.quantization.scale })
      }
    }
    return (try anyPicture(0, of: node), nil)
  }

  /// Adds a convolution, with tables for the channels whose factor is 1 or more.
  mutating func finishConvolution(
    to output: TensorID, _ clamp: ByteClamp, weights: WeightTensor, bias: ConstantTensor?, from: Quantization,
    _ layer: (TensorID, [WeightLayer], Int16, ByteClamp) -> any Layer
  ) throws(RoadError) {
    try finishConvolution(to: output, clamp, weights: [weights], bias: bias, from: from, layer)
  }

  mutating func finishConvolution(
    to output: TensorID, _ clamp: ByteClamp, weights: [WeightTensor], bias: ConstantTensor?, from: Quantization,
    _ layer: (TensorID, [WeightLayer], Int16, ByteClamp) -> any Layer
  ) throws(RoadError) {
    let to = tensor(output)
    var layers: [ConvolutionWeights] = []
    for part in weights {
      layers.append(try part.layer(bias: bias, from: from, to: to, clamp, roundsAsONNXRuntime: roundsAsONNXRuntime))
    }
    // The tables of a layer hold its clamp.
    let tables = layers.first?.tables ?? []
    let convolution = layer(
      output, layers.map(\.weights), Int16(to.quantization.zeroPoint), tables.isEmpty ? clamp : .none)
    append(tables.isEmpty ? convolution : TabledConvolutionLayer(convolution: convolution, tables: tables))
  }

  /// Each channel twice: c, c + n.
  mutating func doubled(_ source: TensorID, _ name: String) -> TensorID {
    let from = tensor(source)
    let shape = PlaneShape(height: from.height, width: from.width, channels: from.channels * 2)
    let output = addTensor("\(name)/doubled", shape, from.quantization)
    append(
      ConcatenationLayer(
        name: "\(name)/double", inputs: [source, source], output: output, axis: .channels,
        starts: [0, Int32(from.channels)], tables: [nil, nil]))
    return output
  }
}
