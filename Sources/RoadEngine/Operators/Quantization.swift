import RoadBase
import RoadModel

/// QuantizeLinear: gives a pending layer its output tensor, turns a view into a table, or names bytes that exist
/// already.
enum QuantizeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let value = try lowering.required(0, of: node)
    if case .constant(let constant) = value {
      return lowering.set(.constant(try quantized(constant, by: node, lowering)), outputOf: node)
    }
    if let channels = try lowering.channelQuantization(of: node) {
      let view = try bytes(of: value, channels, node, &lowering)
      lowering.name(view.tensor, node.outputs.first ?? node.name)
      return lowering.set(.bytes(view), outputOf: node)
    }
    if let words = try lowering.wideQuantization(of: node) {
      let view = try self.words(of: value, words, node, &lowering)
      lowering.name(view.tensor, node.outputs.first ?? node.name)
      return lowering.set(.words(view), outputOf: node)
    }
    let quantization = try lowering.activationQuantization(of: node)
    let view = try bytes(of: value, quantization, node, &lowering)
    lowering.name(view.tensor, node.outputs.first ?? node.name)
    lowering.set(.bytes(view), outputOf: node)
  }

  private static func words(
    of value: Value, _ quantization: Int16Quantization, _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> ElementView {
    let name = node.outputs.first ?? node.name
    switch value {
    case .pending(let layer): return try lowering.finish(layer, name: name, quantization)
    case .wide(let view): return lowering.refined(view, to: quantization, name: node.name, output: name)
    case .real(let view): return lowering.refined(view, to: quantization, name: node.name, output: name)
    case .field(let view, let offsets):
      return try lowering.finish(lowering.sum(of: view, offsets, node), name: name, quantization)
    case .bytes, .words, .constant, .taps, .unknown:
      throw RoadError(.model, "its input '\(node.inputs[0])' is quantized already")
    }
  }

  private static func bytes(
    of value: Value, _ quantization: Quantization, _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> ElementView {
    let name = node.outputs.first ?? node.name
    switch value {
    case .pending(let layer): return try lowering.finish(layer, name: name, quantization)
    case .real(let view): return lowering.requantized(view, to: quantization, name: node.name, output: name)
    case .field(let view, let offsets):
      return try lowering.finish(lowering.sum(of: view, offsets, node), name: name, quantization)
    case .wide(let view): return lowering.coarsened(view, to: quantization, name: node.name, output: name)
    case .bytes, .words, .constant, .taps, .unknown:
      throw RoadError(.model, "its input '\(node.inputs[0])' is quantized already")
    }
  }

  private static func bytes(
    of value: Value, _ channels: ChannelQuantization, _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> ElementView {
    let name = node.outputs.first ?? node.name
    switch value {
    case .pending(let layer) where layer.hasChannelFactors && layer.function == nil:
      return try lowering.finish(layer, name: name, channels)
    case .real(let view): return try lowering.requantized(view, to: channels, name: node.name, output: name)
    case .pending(let layer):
      // Sums of two activations have one factor for all channels: words in between.
      if let view = try lowering.finishWithWords(layer, name: name, channels) { return view }
      let view = RealView(view: try lowering.settled(layer))
      return try lowering.requantized(view, to: channels, name: node.name, output: name)
    default: throw RoadError(.model, "a scale for each channel is supported behind convolutions and functions only")
    }
  }

  /// Weights that an exporter left as floats in front of a QuantizeLinear.
  private static func quantized(
    _ constant: ConstantTensor, by node: Node, _ lowering: Lowering
  ) throws(RoadError) -> ConstantTensor {
    let (scale, type) = try lowering.scale(of: node, for: constant.shape)
    guard type == .int8 || type == .uint8 else {
      throw RoadError(.model, "quantizes a constant to \(type); int8 and uint8 are supported")
    }
    let range: ClosedRange<Float> = type == .int8 ? -128...127 : 0...255
    let bytes = constant.reals.enumerated().map { position, real in
      let group = constant.group(of: position, axis: scale.axis)
      let steps = (real / scale.scale(group)).rounded(.toNearestOrEven) + Float(scale.zeroPoint(group))
      let integer = Int(steps.isNaN ? 0 : min(max(steps, range.lowerBound), range.upperBound))
      return UInt8(truncatingIfNeeded: integer)
    }
    return ConstantTensor(
      name: constant.name, data: TensorData(elementType: type, shape: constant.shape, bytes: bytes))
  }
}

/// DequantizeLinear: only remembers what the integers stand for.
enum DequantizeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    switch try lowering.required(0, of: node) {
    case .constant(var constant):
      let (scale, type) = try lowering.scale(of: node, for: constant.shape, default: constant.data.elementType)
      guard type == constant.data.elementType else {
        throw RoadError(.model, "the zero-point is \(type), the integers are \(constant.data.elementType)")
      }
      constant.scale = scale
      lowering.set(.constant(constant), outputOf: node)
    case .bytes(let tensor):
      try lower(node, tensor, &lowering)
    case .words(let view):
      guard let words = try lowering.wideQuantization(of: node) else {
        throw RoadError(.model, "its input '\(node.inputs[0])' has 16 bits, its zero-point 8")
      }
      var wide = WideView(view: view)
      if lowering.tensor(view.tensor).words != words { wide.level = { words.dequantize($0) } }
      lowering.set(.wide(wide), outputOf: node)
    case .real, .wide, .field, .pending, .taps, .unknown:
      throw RoadError(.model, "its input '\(node.inputs[0])' is not quantized")
    }
  }

  private static func lower(_ node: Node, _ view: ElementView, _ lowering: inout Lowering) throws(RoadError) {
    let channels = try lowering.channelQuantization(of: node)
    guard lowering.tensor(view.tensor).channelScales == channels?.scales else {
      throw RoadError(.model, "its scales are not those of the QuantizeLinear before it")
    }
    if let channels {
      return lowering.set(
        .real(RealView(view: view, levels: channels.levels, hasChannelScales: true)), outputOf: node)
    }
    let quantization = try lowering.activationQuantization(of: node)
    var real = RealView(view: view)
    if lowering.tensor(view.tensor).quantization != quantization {
      real.levels = [(0...255).map { quantization.dequantize(UInt8($0)) }]
    }
    lowering.set(.real(real), outputOf: node)
  }
}

/// Bytes with a scale for each channel and one zero-point.
struct ChannelQuantization {
  var scales: [Float]
  var zeroPoint: UInt8

  /// The reference: the widest channel's.
  var common: Quantization { Quantization(scale: scales.max() ?? 1, zeroPoint: zeroPoint) }

  var levels: [[Float]] {
    scales.map { scale in
      let quantization = Quantization(scale: scale, zeroPoint: zeroPoint)
      return (0...255).map { quantization.dequantize(UInt8($0)) }
    }
  }
}

extension Lowering {
  /// Scales of an activation along its channels; nil where there is one for all.
  fileprivate func channelQuantization(of node: Node) throws(RoadError) -> ChannelQuantization? {
    guard case .constant(let scale) = try required(1, of: node), scale.data.count > 1,
      let shape = types.types[node.inputs[0]]?.shape, shape.count == 4
    else { return nil }
    let (scales, type) = try self.scale(of: node, for: shape)
    guard type == .uint8 || type == .int8, scales.axis == 1, let zeroPoint = scales.zeroPoints.first,
      scales.zeroPoints.allSatisfy({ $0 == zeroPoint })
    else {
      throw RoadError(.model, "an activation's scales must be of its channels, with one zero-point of uint8 or int8")
    }
    return ChannelQuantization(scales: scales.scales, zeroPoint: UInt8(zeroPoint + (type == .int8 ? 128 : 0)))
  }

  /// A convolution whose channels get scales of their own.
  fileprivate mutating func finish(
    _ layer: PendingLayer, name: String, _ channels: ChannelQuantization
  ) throws(RoadError) -> ElementView {
    guard layer.elements == nil, layer.shape.channels == channels.scales.count else {
      throw RoadError(.model, "\(channels.scales.count) scales do not fit \(layer.shape.channels) channels")
    }
    let bounds = channels.scales.map { layer.clamp(for: Quantization(scale: $0, zeroPoint: channels.zeroPoint)) }
    guard let clamp = bounds.first, bounds.allSatisfy({ $0 == clamp }) else {
      throw RoadError(.model, "the activation before it ends at another byte in each channel, which is not supported")
    }
    let output = addTensor(name, layer.shape, channels.common)
    network.tensors[output].channelScales = channels.scales
    try layer.finish(&self, output, clamp)
    return layer.view(of: output)
  }

  /// Words over all that can come out, and a table for each channel behind them; nil where the layer has no words or no
  /// known range.
  fileprivate mutating func finishWithWords(
    _ layer: PendingLayer, name: String, _ channels: ChannelQuantization
  ) throws(RoadError) -> ElementView? {
    guard let range = layer.range, layer.finishWide != nil, layer.shape.channels == channels.scales.count,
      layer.elements?.isSame(as: canonicalElements(of: layer.shape)) ?? true
    else { return nil }
    func clamped(_ real: Float) -> Float { min(max(real, layer.lowest), layer.highest) }
    let common = Quantization.spanning(clamped(range.lowerBound), clamped(range.upperBound))
    let words = try finish(layer, name: "\(layer.node)/words", Int16Quantization(refining: common))
    let output = addTensor(name, layer.shape, channels.common)
    network.tensors[output].channelScales = channels.scales
    let reals = levels(of: WideView(view: words))
    let tables = channels.scales.flatMap { scale in
      let quantization = Quantization(scale: scale, zeroPoint: channels.zeroPoint)
      return reals.map { quantization.quantize($0) }
    }
    append(
      ConversionLayer(
        name: layer.node + "/channels", source: words.tensor, output: output, from: .int16, to: .uint8,
        table: .bytes(tables)))
    return layer.view(of: output)
  }

  private func canonicalElements(of shape: PlaneShape) -> StridedView {
    Arrangement(canonical: shape.valueShape).elements(of: shape.valueShape)
  }

  /// A table for each channel.
  fileprivate mutating func requantized(
    _ real: RealView, to channels: ChannelQuantization, name: String, output: String
  ) throws(RoadError) -> ElementView {
    let source = tensor(real.tensor)
    if source.channels == channels.scales.count,
      let resized = requantizedResize(real, scales: channels.scales, zeroPoint: channels.zeroPoint, name: output)
    {
      network.tensors[resized.output].channelScales = channels.scales
      return resized.view
    }
    let isCanonical = real.view.elements.isSame(as: canonicalView(of: real.tensor).elements)
    guard isCanonical, source.channels == channels.scales.count, real.tensor != network.input else {
      throw RoadError(.model, "\(channels.scales.count) scales do not fit \(source.channels) channels")
    }
    let result = addTensor(output, source.shape, channels.common)
    network.tensors[result].channelScales = channels.scales
    let tables = zip(real.levels(of: source), channels.scales).flatMap { levels, scale in
      levels.map { Quantization(scale: scale, zeroPoint: channels.zeroPoint).quantize($0) }
    }
    append(TableLayer(name: name, source: real.tensor, output: result, tables: tables))
    return ElementView(tensor: result, elements: real.view.elements)
  }

  /// Scale and zero-point of an activation. int8 tensors are stored as `byte ^ 0x80`, which adds 128 to the zero-point.
  func activationQuantization(of node: Node) throws(RoadError) -> Quantization {
    let (scale, type) = try scale(of: node, for: nil)
    guard type == .uint8 || type == .int8 else {
      throw RoadError(.model, "activations of type \(type) are not supported; 8 and 16 bits are")
    }
    let zeroPoint = scale.zeroPoints[0] + (type == .int8 ? 128 : 0)
    return Quantization(scale: scale.scales[0], zeroPoint: UInt8(zeroPoint))
  }

  /// Of a node with a zero-point of 16 bits; nil for others. uint16 is stored as `word − 2^15`, its zero-point
  /// likewise.
  func wideQuantization(of node: Node) throws(RoadError) -> Int16Quantization? {
    let (scale, type) = try scale(of: node, for: nil)
    guard type == .uint16 || type == .int16 else { return nil }
    guard scale.scales[0] < 1e30 else { throw RoadError(.model, "its scale is \(scale.scales[0]), which is too large") }
    let zeroPoint = Int(scale.zeroPoints[0]) - (type == .uint16 ? 1 << 15 : 0)
    return Int16Quantization(scale: scale.scales[0], zeroPoint: Int16(zeroPoint))
  }

  /// - Parameter shape: of the constant that is quantized along an axis; nil for an activation, which has one scale.
  func scale(
    of node: Node, for shape: [Int]?, default fallback: ElementType = .uint8
  ) throws(RoadError) -> (QuantizationScale, ElementType) {
    guard let scales = try constant(1, of: node)?.data.floats, !scales.isEmpty else {
      throw RoadError(.model, "its scale is not a constant of floats")
    }
    guard let bad = scales.first(where: { !($0.isFinite && $0 > 0) }) else {
      return try scale(of: node, scales: scales, for: shape, default: fallback)
    }
    throw RoadError(.model, "its scale is \(bad), not a positive number")
  }

  private func scale(
    of node: Node, scales: [Float], for shape: [Int]?, default fallback: ElementType
  ) throws(RoadError) -> (QuantizationScale, ElementType) {
    guard try node.integer("block_size", default: 0, in: 0...1 << 20) == 0 else {
      throw RoadError(.model, "quantization in blocks is not supported")
    }
    var axis = try node.integer("axis", default: 1, in: -8...8)
    if axis < 0 { axis += shape?.count ?? 4 }
    // A bias has one axis only; exporters leave the attribute at its default of 1.
    if shape?.count == 1 { axis = 0 }
    if scales.count != 1 {
      guard let shape else { throw RoadError(.model, "an activation has \(scales.count) scales, not one") }
      guard shape.indices.contains(axis), shape[axis] == scales.count else {
        throw RoadError(.model, "\(scales.count) scales do not fit axis \(axis) of shape \(shape)")
      }
    }
    let zero = try constant(2, of: node)
    guard let zeroPoints = zero?.data.integers ?? (zero == nil ? [0] : nil),
      zeroPoints.count == scales.count || (zero == nil)
    else {
      throw RoadError(.model, "its zero-point does not fit its \(scales.count) scales")
    }
    let result = QuantizationScale(
      scales: scales, zeroPoints: zeroPoints.map { Int32(truncatingIfNeeded: $0) }, axis: axis)
    return (result, zero?.data.elementType ?? fallback)
  }
}

/// Constant nodes, where a pass has not made initializers of them.
enum ConstantRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let name = node.outputs.first ?? node.name
    let data: TensorData
    switch (node.attributes["value"], node.attributes["value_float"], node.attributes["value_int"]) {
    case (.tensor(let tensor), _, _): data = tensor
    case (_, .float(let value), _):
      data = TensorData(elementType: .float, shape: [], bytes: withUnsafeBytes(of: value) { Array($0) })
    case (_, _, .integer(let value)):
      data = TensorData(elementType: .int64, shape: [], bytes: withUnsafeBytes(of: Int64(value)) { Array($0) })
    default: throw RoadError(.model, "holds a constant of an unsupported kind")
    }
    lowering.set(.constant(ConstantTensor(name: name, data: data)), outputOf: node)
  }
}

enum IdentityRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    lowering.set(try lowering.required(0, of: node), outputOf: node)
  }
}

/// Cast of an 8-bit picture to float, what a model with a uint8 input begins with; and of anything to what it is.
enum CastRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let type = try node.integer("to", default: ElementType.float.rawValue, in: 0...64)
    if let own = node.inputs.first.flatMap({ lowering.types.types[$0]?.elementType }), own.rawValue == type {
      return lowering.set(try lowering.required(0, of: node), outputOf: node)
    }
    switch try lowering.required(0, of: node) {
    case .bytes(let view) where view.tensor == lowering.network.input && type == ElementType.float.rawValue:
      lowering.set(.real(RealView(view: view)), outputOf: node)
    case .real(let view) where type == ElementType.float.rawValue:
      lowering.set(.real(view), outputOf: node)
    default: throw RoadError(.model, "only a cast of the picture to float is supported")
    }
  }
}
