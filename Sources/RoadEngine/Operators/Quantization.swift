import RoadBase
import RoadModel

/// QuantizeLinear: gives a pending layer its format, turns a view into a table, or names integers that exist already.
enum QuantizeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let value = try lowering.required(0, of: node)
    if case .constant(let constant) = value {
      return lowering.set(.constant(try quantized(constant, by: node, lowering)), outputOf: node)
    }
    let view = try integers(of: value, try lowering.format(of: node), node, &lowering)
    lowering.name(view.tensor, node.outputs.first ?? node.name)
    lowering.set(.quantized(view), outputOf: node)
  }

  private static func integers(
    of value: Value, _ format: TensorFormat, _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> ElementView {
    let name = node.outputs.first ?? node.name
    switch value {
    case .pending(let layer): return try lowering.network.emit(layer, to: format, name: name)
    case .real(let view):
      return try lowering.network.checkedConvert(view, to: format, name: node.name, output: name)
    case .field(let view, let offsets):
      return try lowering.network.emit(lowering.sum(of: view, offsets, node), to: format, name: name)
    case .quantized, .constant, .argmax, .unknown:
      throw RoadError(.model, "its input '\(node.inputs[0])' is quantized already")
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
    let groups = constant.groups(along: scale.axis)
    let bytes = constant.reals.enumerated().map { position, real in
      let group = groups[position]
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
    case .quantized(let view):
      let (format, own) = (try lowering.format(of: node), lowering.tensor(view.tensor).format)
      guard format.element == own.element else {
        throw RoadError(.model, "its input '\(node.inputs[0])' and its zero-point have different widths")
      }
      guard format.channelScales == own.channelScales else {
        throw RoadError(.model, "its scales are not those of the QuantizeLinear before it")
      }
      if view.tensor == lowering.network.input, format.element == .uint8, format.channelScales == nil {
        // The picture's own bytes, as the caller quantizes them: into the layout that layers read.
        let picture = RealView(view: view, dequantized: format.dequantized)
        let bytes = lowering.network.convert(picture, to: format, name: node.name, output: "\(node.inputs[0])/planes")
        return lowering.set(bytes, outputOf: node)
      }
      let isOwn = format == own
      lowering.set(
        .real(RealView(view: view, dequantized: isOwn ? nil : format.dequantized)), outputOf: node)
    case .real, .field, .pending, .argmax, .unknown:
      throw RoadError(.model, "its input '\(node.inputs[0])' is not quantized")
    }
  }
}

extension Lowering {
  /// The format of an activation. int8 tensors are stored as `byte ^ 0x80`, which adds 128 to the zero-point; uint16 as
  /// `integer − 2^15`, its zero-point likewise.
  fileprivate func format(of node: Node) throws(RoadError) -> TensorFormat {
    if let format = try channelFormat(of: node) { return format }
    let (scale, type) = try scale(of: node, for: nil)
    let (own, zeroPoint) = (scale.scales[0], Int(scale.zeroPoints[0]))
    switch type {
    case .uint8, .int8:
      return TensorFormat(Quantization(scale: own, zeroPoint: UInt8(zeroPoint + (type == .int8 ? 128 : 0))))
    case .uint16, .int16:
      guard own < 1e30 else { throw RoadError(.model, "its scale is \(own), which is too large") }
      return TensorFormat(
        Int16Quantization(scale: own, zeroPoint: Int16(zeroPoint - (type == .uint16 ? 1 << 15 : 0))))
    default: throw RoadError(.model, "activations of type \(type) are not supported; 8 and 16 bits are")
    }
  }

  /// With scales of an activation along its channels; nil where there is one for all.
  private func channelFormat(of node: Node) throws(RoadError) -> TensorFormat? {
    guard case .constant(let scale) = try required(1, of: node), scale.data.count > 1,
      let shape = types.types[node.inputs[0]]?.shape, shape.count == 4
    else { return nil }
    let (scales, type) = try self.scale(of: node, for: shape)
    guard type == .uint8 || type == .int8, scales.axis == 1, let zeroPoint = scales.zeroPoints.first,
      scales.zeroPoints.allSatisfy({ $0 == zeroPoint })
    else {
      throw RoadError(.model, "an activation's scales must be of its channels, with one zero-point of uint8 or int8")
    }
    return TensorFormat(channelScales: scales.scales, zeroPoint: Int(zeroPoint) + (type == .int8 ? 128 : 0))
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
    case .quantized(let view) where view.tensor == lowering.network.input && type == ElementType.float.rawValue:
      lowering.set(.real(RealView(view: view)), outputOf: node)
    case .real(let view) where type == ElementType.float.rawValue:
      lowering.set(.real(view), outputOf: node)
    default: throw RoadError(.model, "only a cast of the picture to float is supported")
    }
  }
}
