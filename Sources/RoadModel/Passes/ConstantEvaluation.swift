import RoadBase

/// Computes what follows from constants alone: the shape arithmetic that exporters leave in a graph, and small rewrites of
/// weights. Quantize and dequantize nodes are never computed: they are the meaning of a QDQ model.
enum ConstantEvaluation {
  /// Larger results stay in the graph; shape arithmetic is tiny, reordered weights are not much larger.
  static let elementLimit = 1 << 22

  /// The node's outputs, nil where they do not follow from constants or the operator is not one of these.
  static func evaluate(_ node: Node, opset: Int, known: GraphTypes) throws(RoadError) -> [TensorData]? {
    switch node.operation {
    case "Constant": return [try constant(node)]
    case "Shape":
      guard let name = node.input(0), let type = known.types[name] else { return nil }
      return [TensorData(integers: Array(type.shape[try shapeRange(node, rank: type.shape.count)]))]
    case "Size":
      guard let name = node.input(0), let type = known.types[name] else { return nil }
      return [TensorData(integers: [type.count], shape: [])]
    default: break
    }
    var inputs: [TensorData] = []
    for name in node.inputs where !name.isEmpty {
      guard let value = known.constants[name] else { return nil }
      inputs.append(value)
    }
    guard let first = inputs.first, inputs.allSatisfy({ $0.count <= elementLimit }) else { return nil }
    if node.operation == "Range" { return try range(inputs).map { [$0] } }
    guard let rule = ShapeRules.rules[node.operation] else { return nil }
    let types = try rule(ShapeContext(node: node, opset: opset, known: known))
    guard let type = types.first, let count = ShapeLimits.count(type.shape), count <= elementLimit else { return nil }
    if let moved = try moved(node, first, inputs, type, known) { return moved }
    if node.operation == "Cast" { return first.cast(to: type.elementType).map { [$0] } }
    // The remainder that has the sign of the dividend is no shape arithmetic.
    if node.operation == "Mod", try node.integer("fmod", default: 0, in: 0...1) == 1 { return nil }
    return ConstantArithmetic.evaluate(node.operation, inputs, type).map { [$0] }
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

  /// Operators that only move elements.
  private static func moved(
    _ node: Node, _ first: TensorData, _ inputs: [TensorData], _ type: TensorType, _ known: GraphTypes
  ) throws(RoadError) -> [TensorData]? {
    switch node.operation {
    case "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze": return [first.reshaped(type.shape)]
    case "Transpose":
      let order = try node.permutation(rank: first.shape.count)
      return [first.viewed(StridedView(of: first.shape).transposed(order))]
    case "Slice":
      let cuts = try SliceGeometry(node: node, input: first.shape) { known.constants[$0] }
      return [first.viewed(cuts.view(of: first.shape))]
    case "Expand": return StridedView(of: first.shape).broadcast(to: type.shape).map { [first.viewed($0)] }
    case "Tile":
      // Each axis becomes two, of which the first repeats.
      let counts = type.shape.indices.flatMap { [type.shape[$0] / max(first.shape[$0], 1), first.shape[$0]] }
      let pairs = StridedView(of: first.shape.flatMap { [1, $0] })
      return pairs.broadcast(to: counts).map { [first.viewed($0).reshaped(type.shape)] }
    case "ConstantOfShape":
      var value = TensorData(floats: [0], shape: [])
      if case .tensor(let given)? = node.attributes["value"], given.count == 1 { value = given.reshaped([]) }
      return StridedView(of: []).broadcast(to: type.shape).map { [value.viewed($0)] }
    case "Concat" where inputs.allSatisfy({ $0.elementType == type.elementType }):
      return [concat(inputs, axis: try axis(node, type), type: type)]
    case "Gather":
      guard inputs.count == 2, let indices = inputs[1].integers else { return nil }
      return [try gather(node, first, indices, type)]
    default: return nil
    }
  }

  private static func axis(_ node: Node, _ type: TensorType) throws(RoadError) -> Int {
    try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: type.shape.count)
  }

  private static func concat(_ inputs: [TensorData], axis: Int, type: TensorType) -> TensorData {
    let outer = type.shape[..<axis].reduce(1, *)
    var bytes: [UInt8] = []
    for index in 0..<outer {
      for input in inputs {
        let run = input.bytes.count / max(outer, 1)
        bytes.append(contentsOf: input.bytes[index * run..<(index + 1) * run])
      }
    }
    return TensorData(elementType: type.elementType, shape: type.shape, bytes: bytes)
  }

  private static func gather(
    _ node: Node, _ data: TensorData, _ indices: [Int], _ type: TensorType
  ) throws(RoadError) -> TensorData {
    let axis = try node.axis(
      try node.integer("axis", default: 0, in: -64...64), rank: data.shape.count)
    let size = data.shape[axis]
    let run = data.shape[(axis + 1)...].reduce(1, *) * data.elementType.size
    var bytes: [UInt8] = []
    for outer in 0..<data.shape[..<axis].reduce(1, *) {
      for index in indices {
        let position = index < 0 ? index &+ size : index
        guard (0..<size).contains(position) else { throw node.failure("index \(index) of a dimension of \(size)") }
        let start = (outer * size + position) * run
        bytes.append(contentsOf: data.bytes[start..<start + run])
      }
    }
    return TensorData(elementType: type.elementType, shape: type.shape, bytes: bytes)
  }

  private static func range(_ inputs: [TensorData]) throws(RoadError) -> TensorData? {
    let limits = inputs.compactMap { $0.integers?.first }
    guard limits.count == 3, limits[2] != 0, limits.allSatisfy({ $0.magnitude <= ShapeLimits.dimension }) else {
      return nil
    }
    return TensorData(integers: Array(stride(from: limits[0], to: limits[1], by: limits[2])))
  }
}

extension TensorData {
  /// The elements that a view shows, as a tensor of its shape.
  public func viewed(_ view: StridedView) -> TensorData {
    let size = elementType.size
    var result: [UInt8] = []
    let offsets = view.offsets
    result.reserveCapacity(offsets.count * size)
    for offset in offsets { result.append(contentsOf: bytes[offset * size..<(offset + 1) * size]) }
    return TensorData(elementType: elementType, shape: view.shape, bytes: result)
  }

  /// Between the types that shape arithmetic uses; nil for the others.
  func cast(to type: ElementType) -> TensorData? {
    if type == elementType { return self }
    switch type {
    case .float: return TensorData(floats: floats, shape: shape)
    case .int64, .int32, .bool:
      let numbers = integers ?? floats.map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
      if type == .int64 { return TensorData(integers: numbers, shape: shape) }
      if type == .int32 { return TensorData(int32: numbers.map { Int32(truncatingIfNeeded: $0) }, shape: shape) }
      return TensorData(elementType: .bool, shape: shape, bytes: numbers.map { $0 == 0 ? 0 : 1 })
    default: return nil
    }
  }
}
