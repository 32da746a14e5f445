import RoadBase
import RoadKernelContract
import RoadModel

// What an operator reads: planes of bytes, whatever the value that it names went through before.
extension Lowering {
  /// A tensor as the NCHW value that it is.
  func canonicalView(of id: TensorID) -> ElementView {
    let shape = tensor(id).shape.valueShape
    return ElementView(tensor: id, elements: Arrangement(canonical: shape).elements(of: shape))
  }

  /// An input that is a function of a tensor's bytes.
  mutating func real(_ index: Int, of node: Node) throws(RoadError) -> RealView {
    switch try required(index, of: node) {
    case .real(let view): return view
    case .pending(let layer):
      if let view = layer.view, layer.function == nil, layer.lowest == -.infinity, layer.highest == .infinity {
        return view(&self)
      }
      return RealView(view: try settled(layer))
    case .field(let view, let offsets): return RealView(view: try settled(sum(of: view, offsets, node)))
    case .wide(let view): return RealView(view: coarsened(view, name: "\(node.name)/bytes\(index)"))
    case .constant: throw RoadError(.model, "input '\(node.inputs[index])' is a constant")
    default: throw RoadError(.model, "input '\(node.inputs[index])' is not quantized")
    }
  }

  /// An input whose bytes stand for `scale · (byte − zeroPoint)`.
  mutating func activation(viewOf index: Int, of node: Node) throws(RoadError) -> ElementView {
    if case .pending(let layer) = try required(index, of: node) { return try settled(layer) }
    let view = try real(index, of: node)
    guard view.tensor != network.input else {
      throw RoadError(.model, "input '\(node.inputs[index])' is not quantized")
    }
    return settled(view, name: "\(node.name)/input\(index)")
  }

  /// The same as a plane in the canonical arrangement of its shape.
  mutating func activation(_ index: Int, of node: Node) throws(RoadError) -> TensorID {
    plane(of: try activation(viewOf: index, of: node))
  }

  /// The same, and it must be NCHW with a batch of one.
  mutating func picture(_ index: Int, of node: Node) throws(RoadError) -> TensorID {
    let view = try activation(viewOf: index, of: node)
    guard view.shape.count == 4, view.shape[0] == 1 else {
      throw RoadError(.model, "input '\(node.inputs[index])' has shape \(view.shape), not 1xCxHxW")
    }
    return plane(of: view)
  }

  /// Bytes with a scale of their own for a view that went through a function: 256 known numbers choose it.
  mutating func settled(_ view: RealView, name: String) -> ElementView {
    guard let levels = view.levels else { return view.view }
    let numbers = levels.joined().filter(\.isFinite)
    return requantized(view, to: .spanning(numbers.min() ?? 0, numbers.max() ?? 0), name: name, output: name)
  }

  /// Bytes for a layer that no QuantizeLinear follows, over all that can come out of it.
  mutating func settled(_ layer: PendingLayer) throws(RoadError) -> ElementView {
    guard let range = layer.range else {
      throw RoadError(.model, "the result of node '\(layer.node)' is not quantized")
    }
    func clamped(_ real: Float) -> Float { min(max(real, layer.lowest), layer.highest) }
    return try finish(
      layer, name: "\(layer.node)/output", .spanning(clamped(range.lowerBound), clamped(range.upperBound)))
  }

  mutating func finish(
    _ layer: PendingLayer, name: String, _ quantization: Quantization
  ) throws(RoadError) -> ElementView {
    let output = addTensor(name, layer.shape, quantization)
    do {
      let clamp = layer.clamp(for: quantization)
      if let function = layer.function {
        try finish(layer, through: function, to: output, Int(clamp.low)...Int(clamp.high))
      } else {
        try layer.finish(&self, output, clamp)
      }
    } catch {
      throw RoadError(.model, "quantizes node '\(layer.node)': \(error.cause)", remedy: error.remedy)
    }
    return layer.view(of: output)
  }

  /// The view's numbers as bytes of a quantization; the tensor itself where it has it already.
  mutating func requantized(
    _ real: RealView, to quantization: Quantization, name: String, output: String
  ) -> ElementView {
    let source = tensor(real.tensor)
    if real.levels == nil, source.quantization == quantization, real.tensor != network.input { return real.view }
    let scales = [Float](repeating: quantization.scale, count: source.channels)
    if let resized = requantizedResize(real, scales: scales, zeroPoint: quantization.zeroPoint, name: output) {
      return resized.view
    }
    let result = addTensor(output, source.shape, quantization)
    append(
      TableLayer(
        name: name, real.levels(of: source), source: real.tensor, output: result, quantization: quantization))
    return ElementView(tensor: result, elements: real.view.elements)
  }

  /// A plane with the view's elements in an arrangement (the canonical one of its shape by default); bytes move only
  /// where they must.
  mutating func plane(of view: ElementView, _ arrangement: Arrangement? = nil) -> TensorID {
    let arrangement = arrangement ?? Arrangement(canonical: view.shape)
    let (shape, source) = (arrangement.plane(of: view.shape), tensor(view.tensor))
    if source.shape == shape, view.elements.isSame(as: arrangement.elements(of: view.shape)) { return view.tensor }
    let output = addTensor("\(source.name)/moved\(network.tensors.count)", shape, as: view.tensor)
    var (moved, bytes, order) = (view, source.shape, arrangement)
    if source.kind == .int16 {
      (moved, bytes.channels) = (view.bytesOfWords, bytes.channels * 2)
      order.channels.append(view.shape.count)
    }
    append(
      RearrangementLayer(
        name: "\(source.name)/move", view: moved, source: bytes, arrangement: order, output: output,
        elementSize: source.kind.size))
    return output
  }
}

extension Quantization {
  /// 256 levels from the lowest to the highest number, zero among them.
  static func spanning(_ lowest: Float, _ highest: Float) -> Quantization {
    let (low, high) = (min(lowest, 0), max(highest, 0))
    let scale = min(max((high - low) / 255, 1e-9), 1e30)
    return Quantization(scale: scale, zeroPoint: UInt8(min(max((-low / scale).rounded(), 0), 255)))
  }

  /// The real numbers that bytes can stand for.
  var range: ClosedRange<Float> { dequantize(0)...dequantize(255) }
}
