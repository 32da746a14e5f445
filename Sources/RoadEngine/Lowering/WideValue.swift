import RoadBase
import RoadKernelContract
import RoadModel

/// Real numbers that are a function of a tensor's 16-bit words: what DequantizeLinear gives behind a 16-bit
/// QuantizeLinear.
struct WideView {
  var view: ElementView
  /// The real number of each word; nil: `scale · (word − zeroPoint)`, as the tensor says.
  var level: ((Int16) -> Float)?
}

extension LoweredTensor {
  var kind: TensorElement { words == nil ? .uint8 : .int16 }
  /// Real units of one step.
  var step: Double { Double(words?.scale ?? quantization.scale) }
  var zero: Int { words.map { Int($0.zeroPoint) } ?? Int(quantization.zeroPoint) }
}

// 16-bit tensors: rules that know them ask for them first; all others get bytes over the same range.
extension Lowering {
  mutating func addTensor(_ name: String, _ shape: PlaneShape, words: Int16Quantization) -> TensorID {
    let id = addTensor(name, shape, words.coarsened)
    network.tensors[id].words = words
    network.tensors[id].pixelPitch *= TensorElement.int16.size
    return id
  }

  /// A tensor of the same kind and scale as another.
  mutating func addTensor(_ name: String, _ shape: PlaneShape, as other: TensorID) -> TensorID {
    let source = tensor(other)
    return source.words.map { addTensor(name, shape, words: $0) } ?? addTensor(name, shape, source.quantization)
  }

  /// What a layer left behind: words or bytes.
  mutating func set(_ view: ElementView, outputOf node: Node) {
    set(tensor(view.tensor).words == nil ? .real(RealView(view: view)) : .wide(WideView(view: view)), outputOf: node)
  }

  /// An input's words; nil for one of bytes.
  mutating func words(_ index: Int, of node: Node) throws(RoadError) -> ElementView? {
    guard case .wide(let view) = try required(index, of: node) else { return nil }
    guard let level = view.level else { return view.view }
    let levels = (Int16.min...Int16.max).map(level).filter(\.isFinite)
    let range = Quantization.spanning(levels.min() ?? 0, levels.max() ?? 0)
    return refined(
      view, to: Int16Quantization(refining: range), name: "\(node.name)/input\(index)",
      output: "\(node.name)/input\(index)")
  }

  /// An input as it is, words or bytes: NCHW with a batch of one.
  mutating func anyPicture(_ index: Int, of node: Node) throws(RoadError) -> TensorID {
    guard let view = try words(index, of: node) else { return try picture(index, of: node) }
    guard view.shape.count == 4, view.shape[0] == 1 else {
      throw RoadError(.model, "input '\(node.inputs[index])' has shape \(view.shape), not 1xCxHxW")
    }
    return plane(of: view)
  }

  /// An input as it is, words or bytes.
  mutating func anyActivation(_ index: Int, of node: Node) throws(RoadError) -> ElementView {
    if let view = try words(index, of: node) { return view }
    return try activation(viewOf: index, of: node)
  }

  /// Bytes of a quantization.
  mutating func coarsened(
    _ wide: WideView, to quantization: Quantization, name: String, output: String
  ) -> ElementView {
    let result = addTensor(output, tensor(wide.view.tensor).shape, quantization)
    let table = levels(of: wide).map { quantization.quantize($0) }
    append(
      ConversionLayer(
        name: name, source: wide.view.tensor, output: result, from: .int16, to: .uint8, table: .bytes(table)))
    return ElementView(tensor: result, elements: wide.view.elements)
  }

  /// Bytes over the range of the words, for an operator that knows only bytes.
  mutating func coarsened(_ wide: WideView, name: String) -> ElementView {
    if wide.level == nil, let words = tensor(wide.view.tensor).words {
      return coarsened(wide, to: words.coarsened, name: name, output: name)
    }
    let levels = levels(of: wide).filter(\.isFinite)
    return coarsened(wide, to: .spanning(levels.min() ?? 0, levels.max() ?? 0), name: name, output: name)
  }

  /// Words of a quantization; the tensor itself where it has it already.
  mutating func refined(
    _ wide: WideView, to quantization: Int16Quantization, name: String, output: String
  ) -> ElementView {
    let source = tensor(wide.view.tensor)
    if wide.level == nil, source.words == quantization { return wide.view }
    let result = addTensor(output, source.shape, words: quantization)
    let table = levels(of: wide).map { quantization.quantize($0) }
    append(
      ConversionLayer(
        name: name, source: wide.view.tensor, output: result, from: .int16, to: .int16, table: .words(table)))
    return ElementView(tensor: result, elements: wide.view.elements)
  }

  /// Words of what bytes stand for.
  mutating func refined(
    _ real: RealView, to quantization: Int16Quantization, name: String, output: String
  ) -> ElementView {
    let source = tensor(real.tensor)
    let result = addTensor(output, source.shape, words: quantization)
    let rows = real.commonLevels(of: source).map { [$0] } ?? real.levels(of: source)
    let table = rows.joined().map { quantization.quantize($0) }
    append(
      ConversionLayer(name: name, source: real.tensor, output: result, from: .uint8, to: .int16, table: .words(table)))
    return ElementView(tensor: result, elements: real.view.elements)
  }

  /// The real number of each word, from the lowest on.
  func levels(of wide: WideView) -> [Float] {
    let words = tensor(wide.view.tensor).words
    let level = wide.level ?? { words?.dequantize($0) ?? 0 }
    return (Int16.min...Int16.max).map(level)
  }

  mutating func finish(
    _ layer: PendingLayer, name: String, _ quantization: Int16Quantization
  ) throws(RoadError) -> ElementView {
    guard let finishWide = layer.finishWide else {
      let bytes = try finish(layer, name: "\(name)/bytes", quantization.coarsened)
      return refined(RealView(view: bytes), to: quantization, name: "\(layer.node)/words", output: name)
    }
    let output = addTensor(name, layer.shape, words: quantization)
    let low = layer.lowest == -.infinity ? .min : quantization.quantize(layer.lowest)
    let high = layer.highest == .infinity ? .max : quantization.quantize(layer.highest)
    do {
      if let function = layer.function {
        try finish(layer, through: function, to: output, Int(low)...Int(high))
      } else {
        try finishWide(&self, output, Int(low)...Int(high))
      }
    } catch {
      throw RoadError(.model, "quantizes node '\(layer.node)': \(error.cause)", remedy: error.remedy)
    }
    return layer.view(of: output)
  }
}

extension PendingLayer {
  /// Has a wide kernel for words behind the layer, and for bytes where it reads words.
  mutating func finishes(
    readingWords: Bool,
    _ wide: @escaping (inout Lowering, TensorID, ClosedRange<Int>) throws(RoadError) -> Void
  ) {
    finishWide = wide
    guard readingWords else { return }
    finish = { (lowering: inout Lowering, output, clamp) throws(RoadError) in
      try wide(&lowering, output, Int(clamp.low)...Int(clamp.high))
    }
  }
}

extension Int16Rescaling {
  /// To a tensor's integers.
  static func rescaling(
    _ scale: Double, to target: LoweredTensor, _ range: ClosedRange<Int>, rest: Double = 0
  ) throws(RoadError) -> Int16Rescaling {
    guard isUsable(scale) else { throw RoadError(.model, "its output needs the factor \(scale)") }
    return Int16Rescaling(scale: scale, zeroPoint: target.zero, range: range, rest: rest)
  }
}

extension ElementView {
  /// The bytes that the view's words consist of: one more axis, of two.
  var bytesOfWords: ElementView {
    var view = self
    view.elements.shape.append(2)
    view.elements.strides = elements.strides.map { $0 * 2 } + [1]
    view.elements.offset *= 2
    return view
  }
}
