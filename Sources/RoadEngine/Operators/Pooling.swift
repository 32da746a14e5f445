import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

extension WindowGeometry {
  init(_ window: SpatialWindow) {
    self.init(
      kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth, strideHeight: window.strideHeight,
      strideWidth: window.strideWidth, dilationHeight: window.dilationHeight, dilationWidth: window.dilationWidth,
      padTop: window.padTop, padLeft: window.padLeft)
  }

  /// "3x3 s2 d1", both sides where they differ: "5x1 s2x1 d1".
  var text: String {
    func both(_ height: Int, _ width: Int) -> String { height == width ? "\(height)" : "\(height)x\(width)" }
    let (strides, dilations) = (both(strideHeight, strideWidth), both(dilationHeight, dilationWidth))
    return "\(kernelHeight)x\(kernelWidth) s\(strides) d\(dilations)"
  }
}

enum MaxPoolRule: OperatorRule {
  /// Taps are told apart by a byte.
  private static let mostTaps = 256

  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let words = try lowering.words(0, of: node)
    let (view, source): (RealView, TensorID)
    if let words {
      (view, source) = (RealView(view: words), lowering.plane(of: words))
    } else {
      (view, source) = try lowering.increasing(0, of: node)
    }
    let shape = lowering.tensor(source).shape
    guard try node.integer("storage_order", default: 0, in: 0...1) == 0 else {
      throw RoadError(.model, "storage_order 1 is not supported")
    }
    let window = try SpatialWindow(node: node, input: shape.valueShape)
    let target = PlaneShape(height: window.outputHeight, width: window.outputWidth, channels: shape.channels)
    let output = lowering.addTensor(node.outputs[0], target, as: source)
    let layer = MaximumLayer(
      name: node.name, source: source, output: output, window: WindowGeometry(window),
      elements: lowering.tensor(source).kind)
    lowering.append(layer)
    let result = lowering.canonicalView(of: output)
    if words != nil {
      lowering.set(result, outputOf: node)
    } else {
      lowering.set(.real(RealView(view: result, levels: view.levels)), outputOf: node)
    }
    guard node.outputs.count > 1, !node.outputs[1].isEmpty else { return }
    guard window.kernelHeight * window.kernelWidth <= Self.mostTaps else {
      throw RoadError(.model, "indices of windows of more than \(mostTaps) pixels are not supported")
    }
    var taps = layer
    taps.name = "\(node.name)/indices"
    taps.output = lowering.addTensor(node.outputs[1], target, Quantization(scale: 1, zeroPoint: 0))
    taps.writesArgmax = true
    lowering.append(taps)
    lowering.set(
      .taps(TapView(tensor: taps.output, layer: taps, source: shape.valueShape, shape: target.valueShape)), output: 1,
      of: node)
  }
}

enum MaxUnpoolRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.anyPicture(0, of: node)
    let from = lowering.tensor(source)
    guard case .taps(let taps) = try lowering.required(1, of: node), taps.shape == from.shape.valueShape else {
      throw RoadError(.model, "its indices are not those of a MaxPool with a result of \(from.shape)")
    }
    if let given = try lowering.constant(2, of: node)?.data.integers, given != taps.source {
      throw RoadError(.model, "unpools to \(given), but its indices come from \(taps.source)")
    }
    lowering.unpool(node, source, taps)
  }
}

extension Lowering {
  /// Puts a pool's maxima back.
  mutating func unpool(_ node: Node, _ source: TensorID, _ taps: TapView) {
    let target = PlaneShape(height: taps.source[2], width: taps.source[3], channels: taps.source[1])
    let output = addTensor(node.outputs[0], target, as: source)
    append(
      UnpoolingLayer(
        name: node.name, source: source, taps: taps.tensor, output: output, window: taps.layer.window,
        zeroPoint: tensor(source).zero, elements: tensor(source).kind))
    set(canonicalView(of: output), outputOf: node)
  }

  /// An input for an operator that only compares: its levels may be any that grow with the byte.
  mutating func increasing(_ index: Int, of node: Node) throws(RoadError) -> (RealView, TensorID) {
    var view = try real(index, of: node)
    let levels = view.commonLevels(of: tensor(view.tensor))
    let grows = levels.map { zip($0, $0.dropFirst()).allSatisfy { $0 <= $1 } } ?? false
    if !grows || view.tensor == network.input {
      view = RealView(view: try activation(viewOf: index, of: node))
    }
    guard view.shape.count == 4, view.shape[0] == 1 else {
      throw RoadError(.model, "input '\(node.inputs[index])' has shape \(view.shape), not 1xCxHxW")
    }
    if let levels, view.levels != nil { view.levels = [levels] }
    return (view, plane(of: view.view))
  }
}

enum AveragePoolRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.anyPicture(0, of: node)
    let from = lowering.tensor(source)
    let window = try SpatialWindow(node: node, input: from.shape.valueShape)
    let target = PlaneShape(height: window.outputHeight, width: window.outputWidth, channels: from.channels)
    let counts = try divisors(node, window, from.shape)
    let name = node.name
    var pending = PendingLayer(node: name, shape: target) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output).quantization
      var factors: [Rescaling] = []
      for rows in 0...window.kernelHeight {
        for columns in 0...window.kernelWidth {
          factors.append(
            try .averaging(
              max(rows * columns, 1), from: from.quantization, to: to, clamp, tiesToEven: lowering.roundsAsONNXRuntime))
        }
      }
      lowering.append(
        AverageLayer(
          name: name, source: source, output: output, window: WindowGeometry(window), rowTaps: counts.rows,
          columnTaps: counts.columns, factors: factors, sourceZeroPoint: from.quantization.zeroPoint))
    }
    pending.finishes(readingWords: from.kind == .int16) { (lowering: inout Lowering, output, range) throws(RoadError) in
      let (to, step) = (lowering.tensor(output), Int32(window.kernelWidth + 1))
      var factors: [Int16Rescaling] = []
      for rows in 0...window.kernelHeight {
        for columns in 0...window.kernelWidth {
          factors.append(try .rescaling(from.step / to.step / Double(max(rows * columns, 1)), to: to, range))
        }
      }
      lowering.append(
        WideAverageLayer(
          name: name, kind: .average, source: source, output: output, window: WindowGeometry(window), factors: factors,
          rowFactors: counts.rows.map { $0 * step }, columnFactors: counts.columns, sourceZeroPoint: from.zero,
          from: from.kind, to: to.kind))
    }
    pending.range = from.quantization.range
    lowering.set(.pending(pending), outputOf: node)
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

extension Rescaling {
  /// From a sum of `count` bytes to their mean.
  static func averaging(
    _ count: Int, from source: Quantization, to target: Quantization, _ clamp: ByteClamp, tiesToEven: Bool
  ) throws(RoadError) -> Rescaling {
    try rescaling(
      Double(source.scale) / Double(target.scale) / Double(count), to: target, clamp, tiesToEven: tiesToEven)
  }

  static func rescaling(
    _ scale: Double, to target: Quantization, _ clamp: ByteClamp, tiesToEven: Bool = false
  ) throws(RoadError) -> Rescaling {
    guard isUsable(scale) else { throw RoadError(.model, "its output needs the factor \(scale)") }
    return Rescaling(
      scale: scale, zeroPoint: target.zeroPoint, low: clamp.low, high: clamp.high, tiesToEven: tiesToEven)
  }
}
