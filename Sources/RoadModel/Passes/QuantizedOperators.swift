import RoadBase

extension ModelGraph {
  /// Models whose operators compute on integers (ONNX Runtime's "QOperator" format: QLinearConv, QLinearMatMul,
  /// QLinearAdd, ...) as the dequantize → operator → quantize that each of them stands for; and with a Clip of integers
  /// between QuantizeLinear and DequantizeLinear, as Brevitas writes it for fewer than 8 bits, in front of the
  /// QuantizeLinear, where it gives the same integers.
  ///
  /// An operator whose scales are no constants stays, for whoever reads the graph to refuse.
  func withQuantizedOperatorsAsPairs() -> ModelGraph {
    guard
      nodes.contains(where: {
        QuantizedOperators.names.contains($0.operation) || $0.operation == "QuantizeLinear"
      })
    else { return self }
    var rewriting = QuantizedOperators(self)
    for node in nodes { rewriting.take(node) }
    return rewriting.result
  }
}

/// How a tensor's integers stand for numbers, by the names of the constants that say it.
private struct IntegerFormat: Equatable {
  var scale: String
  var zeroPoint: String?
  var axis: Attribute?

  var inputs: [String] { [scale] + (zeroPoint.map { [$0] } ?? []) }
  var attributes: [String: Attribute] { axis.map { ["axis": $0] } ?? [:] }
}

/// Rewrites node by node.
private struct QuantizedOperators {
  /// The documents: https://onnx.ai/onnx/operators and ONNX Runtime's ContribOperators.md.
  static let names: Set<String> = [
    "QLinearConv", "QLinearMatMul", "QGemm", "QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearGlobalAveragePool",
    "QLinearAveragePool", "QLinearReduceMean", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax",
  ]

  var result: ModelGraph
  private let constants: [String: TensorData]
  private var taken: Set<String>
  private var formats: [String: IntegerFormat] = [:]
  /// The Clip of integers that alone reads a QuantizeLinear, by the name of those integers.
  private var clips: [String: Node] = [:]

  init(_ graph: ModelGraph) {
    var constants = graph.initializers
    for node in graph.nodes where node.operation == "Constant" {
      if let name = node.outputs.first, case .tensor(let data)? = node.attributes["value"] { constants[name] = data }
    }
    self.constants = constants
    taken = Set(constants.keys).union(graph.nodes.flatMap { $0.inputs + $0.outputs }).union(graph.inputs.map(\.name))
    result = graph
    result.nodes = []
    var readers: [String: Int] = [:]
    for name in graph.nodes.flatMap(\.captured) + graph.outputs.map(\.name) { readers[name, default: 0] += 1 }
    let quantized = Set(graph.nodes.filter { $0.operation == "QuantizeLinear" }.flatMap(\.outputs))
    for node in graph.nodes where node.operation == "Clip" {
      guard let name = node.input(0), quantized.contains(name), readers[name] == 1 else { continue }
      clips[name] = node
    }
  }

  mutating func take(_ node: Node) {
    if node.operation == "Clip", let name = node.input(0), clips[name] != nil { return }
    if node.operation == "QuantizeLinear", takeQuantization(node) { return }
    guard Self.names.contains(node.operation) else { return takeOther(node) }
    let rewritten =
      switch node.operation {
      case "QLinearConv": convolution(node)
      case "QLinearMatMul": product(node)
      case "QGemm": general(node)
      case "QLinearConcat": join(node)
      case "QLinearAdd", "QLinearMul": pair(node)
      default: function(node)
      }
    if !rewritten { result.nodes.append(node) }
  }
}

// Nodes of the pair form.
extension QuantizedOperators {
  /// - Returns: whether the node was written.
  private mutating func takeQuantization(_ node: Node) -> Bool {
    guard let name = node.outputs.first, let scale = node.input(1) else { return false }
    let format = IntegerFormat(scale: scale, zeroPoint: node.input(2), axis: node.attributes["axis"])
    guard let clip = clips[name], let output = clip.outputs.first else {
      formats[name] = format
      return false
    }
    if let data = node.input(0).flatMap({ constants[$0] }), data.elementType == .float,
      let integers = quantized(data, format, clip)
    {
      result.initializers[output] = integers
      return true
    }
    formats[output] = format
    guard let bounds = realBounds(of: clip, format), let source = node.input(0) else {
      result.nodes += [node, clip]
      return true
    }
    var (clipped, quantization) = (clip, node)
    clipped.inputs = [source] + bounds.enumerated().map { constant("\(output)/bound\($0)", floats: [$1], scalar: true) }
    clipped.outputs = [unusedName("\(output)/clipped")]
    quantization.inputs[0] = clipped.outputs[0]
    quantization.outputs = [output]
    result.nodes += [clipped, quantization]
    return true
  }

  /// Operators that move or choose integers without a word of their scale.
  private mutating func takeOther(_ node: Node) {
    let format = node.input(0).flatMap { formats[$0] }
    guard let format, format.axis == nil, OperatorCatalogue.has(node.operation, .keepsScale), node.domain.isEmpty,
      let source = node.input(0), let output = node.outputs.first
    else { return result.nodes.append(node) }
    var moved = node
    moved.inputs[0] = dequantize(node, source, format, 0)
    if node.operation == "Pad" { dequantizePadding(of: &moved, format) }
    moved.outputs = node.outputs.enumerated().map { index, name in
      node.operation == "MaxPool" && index > 0 || name.isEmpty ? name : unusedName("\(name)/real")
    }
    result.nodes.append(moved)
    for (name, real) in zip(node.outputs, moved.outputs) where name != real {
      appendQuantization(node, real, format, to: name)
    }
    formats[output] = format
  }
}

extension QuantizedOperators {
  /// What a Pad of integers puts around them is an integer, too: 0 where it does not say which.
  private mutating func dequantizePadding(of pad: inout Node, _ format: IntegerFormat) {
    guard pad.attributes["mode"] ?? .string("constant") == .string("constant"),
      let scale = constants[format.scale]?.floats.first
    else { return }
    let zeroPoint = format.zeroPoint.flatMap { constants[$0]?.integers?.first } ?? 0
    let integer = pad.input(2).flatMap { constants[$0]?.integers?.first } ?? 0
    let number = constant("\(pad.outputs[0])/padding", floats: [scale * Float(integer - zeroPoint)], scalar: true)
    while pad.inputs.count < 3 { pad.inputs.append("") }
    pad.inputs[2] = number
  }
}

// Operators on integers.
extension QuantizedOperators {
  /// x, its scale and zero-point, weights and theirs, the result's scale and zero-point, bias.
  private mutating func convolution(_ node: Node) -> Bool {
    guard node.inputs.count >= 8, let x = operand(node, 0), let weights = operand(node, 3, axis: 0),
      let bias = bias(node, 8, scales: [node.inputs[1], node.inputs[4]])
    else { return false }
    return write(node, "Conv", [x, weights] + bias, format(node, 6))
  }

  private mutating func product(_ node: Node) -> Bool {
    guard node.inputs.count >= 8, let left = operand(node, 0), let right = operand(node, 3, axis: -1) else {
      return false
    }
    return write(node, "MatMul", [left, right], format(node, 6))
  }

  private mutating func general(_ node: Node) -> Bool {
    let isTurned = node.attributes["transB"] == .integer(1)
    guard node.inputs.count >= 8, node.attributes["alpha"] ?? .float(1) == .float(1), let left = operand(node, 0),
      let right = operand(node, 3, axis: isTurned ? 0 : 1),
      let bias = bias(node, 6, scales: [node.inputs[1], node.inputs[4]])
    else { return false }
    return write(node, "Gemm", [left, right] + bias, node.input(7) == nil ? nil : format(node, 7))
  }

  private mutating func pair(_ node: Node) -> Bool {
    guard node.inputs.count >= 7, let left = operand(node, 0), let right = operand(node, 3) else { return false }
    return write(node, node.operation == "QLinearAdd" ? "Add" : "Mul", [left, right], format(node, 6))
  }

  /// The result's scale and zero-point, then each part with its own.
  private mutating func join(_ node: Node) -> Bool {
    guard node.inputs.count >= 5, node.inputs.count % 3 == 2 else { return false }
    var parts: [String] = []
    for position in stride(from: 2, to: node.inputs.count, by: 3) {
      guard let part = operand(node, position) else { return false }
      parts.append(part)
    }
    return write(node, "Concat", parts, format(node, 0))
  }

  /// x, its scale and zero-point, the result's.
  private mutating func function(_ node: Node) -> Bool {
    guard node.inputs.count >= 4, node.attributes["channels_last"] ?? .integer(0) == .integer(0) else { return false }
    // Its own attribute says the rule; before opset 13 that of all axes from the named one on.
    if node.operation == "QLinearSoftmax", case .integer(let opset)? = node.attributes["opset"],
      (opset < 13) != (result.opset < 13), node.attributes["axis"] != .integer(-1)
    {
      return false
    }
    guard let x = operand(node, 0) else { return false }
    var inputs = [x]
    if node.operation == "QLinearReduceMean", result.opset >= 18, case .integers(let axes)? = node.attributes["axes"] {
      inputs.append(constant("\(node.outputs[0])/axes", TensorData(integers: axes)))
    }
    return write(node, String(node.operation.dropFirst("QLinear".count)), inputs, format(node, 3))
  }
}

// What they are made of.
extension QuantizedOperators {
  private mutating func write(_ node: Node, _ operation: String, _ inputs: [String], _ format: IntegerFormat?) -> Bool {
    var plain = node
    (plain.operation, plain.domain, plain.inputs) = (operation, "", inputs)
    for key in ["channels_last", "opset"] { plain.attributes[key] = nil }
    if operation == "ReduceMean", inputs.count > 1 { plain.attributes["axes"] = nil }
    if let format {
      plain.outputs = [unusedName("\(node.outputs[0])/real")]
      result.nodes.append(plain)
      appendQuantization(node, plain.outputs[0], format, to: node.outputs[0])
      formats[node.outputs[0]] = format
    } else {
      result.nodes.append(plain)
    }
    return true
  }

  /// The numbers of the integers at input `position`, whose scale and zero-point follow them.
  private mutating func operand(_ node: Node, _ position: Int, axis: Int? = nil) -> String? {
    guard let integers = node.input(position), node.input(position + 1) != nil else { return nil }
    var format = format(node, position + 1)
    // With one scale there is no axis.
    if let axis, constants[format.scale].map({ $0.count > 1 }) ?? false { format.axis = .integer(axis) }
    return dequantize(node, integers, format, position)
  }

  private func format(_ node: Node, _ position: Int) -> IntegerFormat {
    IntegerFormat(scale: node.inputs[position], zeroPoint: node.input(position + 1))
  }

  private mutating func dequantize(_ node: Node, _ integers: String, _ format: IntegerFormat, _ index: Int) -> String {
    let real = unusedName("\(node.outputs[0])/input\(index)")
    result.nodes.append(
      Node(
        name: real, operation: "DequantizeLinear", inputs: [integers] + format.inputs, outputs: [real],
        attributes: format.attributes))
    return real
  }

  private mutating func appendQuantization(_ node: Node, _ real: String, _ format: IntegerFormat, to name: String) {
    result.nodes.append(
      Node(
        name: "\(node.name.isEmpty ? name : node.name)/quantize", operation: "QuantizeLinear",
        inputs: [real] + format.inputs, outputs: [name], attributes: format.attributes))
  }

  /// The numbers of a bias in int32, whose scale is the product of two; empty where there is none, nil where that
  /// product is not known.
  private mutating func bias(_ node: Node, _ position: Int, scales: [String]) -> [String]? {
    guard let integers = node.input(position) else { return [] }
    guard let first = constants[scales[0]]?.floats, let second = constants[scales[1]]?.floats, first.count == 1 else {
      return nil
    }
    let scale = constant(
      "\(node.outputs[0])/bias_scale", floats: second.map { first[0] * $0 }, scalar: second.count == 1)
    let format = IntegerFormat(scale: scale, axis: second.count == 1 ? nil : .integer(0))
    return [dequantize(node, integers, format, position)]
  }

  private mutating func constant(_ wish: String, floats: [Float], scalar: Bool) -> String {
    constant(wish, TensorData(floats: floats, shape: scalar ? [] : [floats.count]))
  }

  private mutating func constant(_ wish: String, _ data: TensorData) -> String {
    let name = unusedName(wish)
    result.initializers[name] = data
    return name
  }

  private mutating func unusedName(_ wish: String) -> String {
    var name = wish
    while !taken.insert(name).inserted { name += "_" }
    return name
  }
}

// Clips of integers.
extension QuantizedOperators {
  private func bounds(of clip: Node) -> (low: Int, high: Int)? {
    func bound(_ index: Int, _ fallback: Int) -> Int? {
      guard let name = clip.input(index) else { return fallback }
      guard let values = constants[name]?.integers, values.count == 1 else { return nil }
      return values[0]
    }
    guard let low = bound(1, .min), let high = bound(2, .max), low <= high else { return nil }
    return (low, high)
  }

  /// In the numbers in front of a QuantizeLinear with one scale; infinite where there is no bound.
  private func realBounds(of clip: Node, _ format: IntegerFormat) -> [Float]? {
    guard let bounds = bounds(of: clip), let scales = constants[format.scale]?.floats, scales.count == 1,
      let zeroPoint = format.zeroPoint.map({ constants[$0]?.integers?.first }) ?? 0
    else { return nil }
    func real(_ integer: Int) -> Float {
      integer == .min ? -.infinity : integer == .max ? .infinity : scales[0] * Float(integer - zeroPoint)
    }
    return [real(bounds.low), real(bounds.high)]
  }

  /// Weights, quantized and cut.
  private func quantized(_ data: TensorData, _ format: IntegerFormat, _ clip: Node) -> TensorData? {
    guard let bounds = bounds(of: clip), let scales = constants[format.scale]?.floats, !scales.isEmpty else {
      return nil
    }
    let zeros = format.zeroPoint.flatMap { constants[$0] }
    let type = zeros?.elementType ?? .uint8
    guard type == .int8 || type == .uint8, let zeroPoints = zeros == nil ? [0] : zeros?.integers,
      zeroPoints.count == scales.count || zeroPoints.count == 1
    else { return nil }
    var axis = if case .integer(let given)? = format.axis { given } else { 1 }
    if axis < 0 { axis += data.shape.count }
    let inner: Int
    if scales.count > 1 {
      guard data.shape.indices.contains(axis), data.shape[axis] == scales.count else { return nil }
      inner = data.shape[(axis + 1)...].reduce(1, *)
    } else {
      inner = max(data.count, 1)
    }
    let range = type == .int8 ? -128...127 : 0...255
    let (low, high) = (max(bounds.low, range.lowerBound), min(bounds.high, range.upperBound))
    let bytes = data.floats.enumerated().map { position, real in
      let group = position / inner % scales.count
      let steps = (real / scales[group]).rounded(.toNearestOrEven) + Float(zeroPoints[group % zeroPoints.count])
      return UInt8(truncatingIfNeeded: steps.isNaN ? 0 : Int(min(max(steps, Float(low)), Float(high))))
    }
    return TensorData(elementType: type, shape: data.shape, bytes: bytes)
  }
}
