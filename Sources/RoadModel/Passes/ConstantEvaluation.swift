import RoadBase

/// Computes what follows from constants alone, with the evaluations of ``OperatorCatalogue``: the shape arithmetic that
/// exporters leave in a graph, masks, position embeddings, weights that are moved or resized. Quantize and dequantize
/// nodes are never computed: they are the meaning of a QDQ model.
enum ConstantEvaluation {
  /// Larger tensors stay in the graph.
  static let elementLimit = 1 << 22
  /// Multiplications and moves that the constants of one graph may cost: a few seconds.
  static let workLimit = 1 << 31

  /// The node's outputs, nil where they do not follow from constants, or cost too much.
  static func evaluate(_ node: Node, opset: Int, known: inout GraphTypes) throws(RoadError) -> [TensorData]? {
    switch node.operation {
    case "QuantizeLinear", "DequantizeLinear": return nil
    case "Constant": return [try constant(node)]
    case "Shape":
      guard let name = node.input(0), let type = known.types[name] else { return nil }
      return [TensorData(integers: Array(type.shape[try shapeRange(node, rank: type.shape.count)]))]
    case "Size":
      guard let name = node.input(0), let type = known.types[name] else { return nil }
      return [TensorData(integers: [type.count], shape: [])]
    default: break
    }
    guard let operation = OperatorCatalogue[node.operation], let evaluation = operation.evaluation,
      let inputs = constants(node, known), let types = try types(node, operation, opset, known, inputs)
    else { return nil }
    let work = work(node, inputs, types[0])
    guard work <= workLimit - known.foldingWork else { return nil }
    known.foldingWork += work
    let call = OperatorCall(node: node, opset: opset, arguments: inputs.map { $0.map { TensorValue($0) } })
    let results = try evaluation(call)
    guard results.count >= node.outputs.count else { return nil }
    return zip(results, types).map { TensorData($0, as: $1.elementType) }
  }

  /// The value of every input, nil where an optional one is omitted; nil where one is not constant or too large.
  private static func constants(_ node: Node, _ known: GraphTypes) -> [TensorData?]? {
    var inputs: [TensorData?] = []
    for name in node.inputs {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = known.constants[name], value.count <= elementLimit else { return nil }
      inputs.append(value)
    }
    return inputs
  }

  /// The types of the outputs, nil where they are too large. Those of a Range depend on values alone.
  private static func types(
    _ node: Node, _ operation: Operator, _ opset: Int, _ known: GraphTypes, _ inputs: [TensorData?]
  ) throws(RoadError) -> [TensorType]? {
    if node.operation == "Range" {
      guard let type = inputs.first??.elementType else { return nil }
      return [TensorType(type, [])]
    }
    let types = try operation.shape(ShapeContext(node: node, opset: opset, known: known))
    let fits = types.allSatisfy { (ShapeLimits.count($0.shape) ?? .max) <= elementLimit }
    return fits && !types.isEmpty ? types : nil
  }

  /// About how many multiplications or moves a node costs.
  private static func work(_ node: Node, _ inputs: [TensorData?], _ output: TensorType) -> Int {
    let counts = inputs.map { $0?.count ?? 0 }
    let moved = counts.reduce(output.count, +)
    guard let first = inputs.first ?? nil else { return moved }
    let second = inputs.count > 1 ? inputs[1]?.shape ?? [] : []
    switch node.operation {
    case "Conv": return moved + output.count * second.dropFirst().reduce(1, *)
    case "ConvTranspose": return moved + first.count * second.dropFirst().reduce(1, *)
    case "MatMul", "Gemm": return moved + output.count * (first.shape.max() ?? 1)
    case "MaxPool", "AveragePool":
      return moved + output.count
        * ((try? node.integers("kernel_shape", default: [1], in: 1...4096)) ?? [1]).reduce(1, *)
    case "Resize", "GridSample": return 16 * moved
    default: return moved
    }
  }

  /// The value of a Constant node, in whichever of its attributes it is.
  static func constant(_ node: Node) throws(RoadError) -> TensorData {
    for key in ["value", "value_int", "value_ints", "value_float", "value_floats"] {
      switch node.attributes[key] {
      case .tensor(let value)?: return value
      case .integer(let value)?: return TensorData(integers: [value], shape: [])
      case .integers(let values)?: return TensorData(integers: values)
      case .float(let value)?: return TensorData(floats: [value], shape: [])
      case .floats(let values)?: return TensorData(floats: values, shape: [values.count])
      default: continue
      }
    }
    throw node.failure("it has no value that is supported")
  }

  /// Which dimensions a Shape node gives (attributes start and end, since opset 15).
  static func shapeRange(_ node: Node, rank: Int) throws(RoadError) -> Range<Int> {
    func position(_ value: Int) -> Int { min(max(value < 0 ? value + rank : value, 0), rank) }
    let start = position(try node.integer("start", default: 0, in: -1_000_000...1_000_000))
    let end = position(try node.integer("end", default: rank, in: -1_000_000...1_000_000))
    return start..<max(start, end)
  }
}

extension TensorData {
  /// What an evaluation gave, as the element type that ONNX says: integers wrap, numbers are cut towards zero.
  init(_ value: TensorValue, as type: ElementType) {
    switch type {
    case .float: self.init(floats: value.floats.values, shape: value.shape)
    case .double:
      let words = value.floats.values.map { Double($0).bitPattern }
      self.init(elementType: .double, shape: value.shape, bytes: littleEndianBytes(words))
    case .float16:
      let words = value.floats.values.map(Float16Bits.bits)
      self.init(elementType: .float16, shape: value.shape, bytes: littleEndianBytes(words))
    case .bool:
      self.init(elementType: .bool, shape: value.shape, bytes: value.integers.map { $0 == 0 ? 0 : 1 })
    case .int8, .uint8:
      self.init(elementType: type, shape: value.shape, bytes: value.integers.map { UInt8(truncatingIfNeeded: $0) })
    case .int16, .uint16:
      let words = value.integers.map { UInt16(truncatingIfNeeded: $0) }
      self.init(elementType: type, shape: value.shape, bytes: littleEndianBytes(words))
    case .int32: self.init(int32: value.integers.map { Int32(truncatingIfNeeded: $0) }, shape: value.shape)
    case .int64: self.init(integers: value.integers, shape: value.shape)
    }
  }

  /// The elements that a view shows, as a tensor of its shape.
  public func viewed(_ view: StridedView) -> TensorData {
    let size = elementType.size
    var result: [UInt8] = []
    let offsets = view.offsets
    result.reserveCapacity(offsets.count * size)
    for offset in offsets { result.append(contentsOf: bytes[offset * size..<(offset + 1) * size]) }
    return TensorData(elementType: elementType, shape: view.shape, bytes: result)
  }
}
