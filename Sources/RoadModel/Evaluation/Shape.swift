import RoadBase

/// Operators that move or count numbers, and the shape arithmetic of exporters.
enum ShapeOperators {
  static func identity(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    guard let value = call.arguments.first ?? nil else { throw call.failure("no input") }
    return [value]
  }

  static func constant(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    if case .tensor(let data)? = call.node.attributes["value"] { return [TensorValue(data)] }
    if case .integer(let value)? = call.node.attributes["value_int"] { return [.integers(shape: [], values: [value])] }
    if case .float(let value)? = call.node.attributes["value_float"] {
      return [.floats(FloatTensor(shape: [], values: [value]))]
    }
    if let values = call.integers(named: "value_ints") { return [.integers(shape: [values.count], values: values)] }
    throw call.failure("a constant without a tensor, integer or float")
  }

  static func shape(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let shape = try call.value(0).shape
    let start = clamp(call.integer("start", default: 0), shape.count)
    let end = clamp(call.integer("end", default: shape.count), shape.count)
    let part = Array(shape[start..<max(start, end)])
    return [.integers(shape: [part.count], values: part)]
  }

  static func size(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    [.integers(shape: [], values: [try call.value(0).shape.reduce(1, *)])]
  }

  static func constantOfShape(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let shape = try call.integers(0)
    guard let count = ShapeLimits.count(shape) else { throw call.failure("a shape of \(shape.prefix(8))") }
    var fill = TensorValue.floats(FloatTensor(shape: [1]))
    if case .tensor(let data)? = call.node.attributes["value"], data.count == 1 { fill = TensorValue(data) }
    return [fill.rearranged(shape: shape) { take in for _ in 0..<count { take(0) } }]
  }

  /// From the first input to the second, which is not reached, in steps of the third.
  static func range(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    func steps(_ from: Double, _ to: Double, _ by: Double) throws(RoadError) -> Int {
      let count = ((to - from) / by).rounded(.up)
      guard by != 0, count <= Double(ShapeLimits.dimension) else { throw call.failure("\(count) steps") }
      return max(Int(count), 0)
    }
    if case .integers(_, let from) = try call.value(0), case .integers(_, let to) = try call.value(1),
      case .integers(_, let by) = try call.value(2), from.count == 1, to.count == 1, by.count == 1
    {
      let count = try steps(Double(from[0]), Double(to[0]), Double(by[0]))
      return [.integers(shape: [count], values: (0..<count).map { from[0] &+ $0 &* by[0] })]
    }
    let limits = try (0..<3).mapChecked { index throws(RoadError) in try call.floats(index).values }
    guard limits.allSatisfy({ $0.count == 1 && $0[0].isFinite }) else { throw call.failure("limits \(limits)") }
    let count = try steps(Double(limits[0][0]), Double(limits[1][0]), Double(limits[2][0]))
    let values = (0..<count).map { limits[0][0] + Float($0) * limits[2][0] }
    return [.floats(FloatTensor(shape: [count], values: values))]
  }

  static func gather(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let indices = try call.integers(1)
    let indexShape = try call.value(1).shape
    let data = try call.value(0)
    let axis = try call.axis(call.integer("axis", default: 0), rank: data.shape.count)
    let size = data.shape[axis]
    let picked = indices.map { $0 < 0 ? $0 + size : $0 }
    guard picked.allSatisfy({ (0..<size).contains($0) }) else { throw call.failure("indices \(indices) of \(size)") }
    let shape = Array(data.shape[..<axis]) + indexShape + Array(data.shape[(axis + 1)...])
    let inner = data.shape[(axis + 1)...].reduce(1, *)
    let outer = data.shape[..<axis].reduce(1, *)
    return [
      data.rearranged(shape: shape) { take in
        for o in 0..<outer { for p in picked { for i in 0..<inner { take((o * size + p) * inner + i) } } }
      }
    ]
  }

  /// Starts, ends, axes and steps are inputs from opset 10 on; steps may be negative.
  static func slice(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    let cuts = try SliceGeometry(node: call.node, input: data.shape) { name in
      call.node.inputs.firstIndex(of: name).flatMap { try? TensorData(integers: call.integers($0)) }
    }
    return [data.viewed(cuts.view(of: data.shape))]
  }

  static func concatenate(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    var parts: [TensorValue] = []
    for index in call.arguments.indices { parts.append(try call.value(index)) }
    guard let first = parts.first else { throw call.failure("no inputs") }
    let axis = try call.axis(call.integer("axis", default: 0), rank: first.shape.count)
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      var (a, b) = (part.shape, first.shape)
      guard a.count == b.count else { throw call.failure("shapes \(a) and \(b) do not fit each other") }
      shape[axis] += a[axis]
      (a[axis], b[axis]) = (0, 0)
      guard a == b else { throw call.failure("shapes \(part.shape) and \(first.shape) differ beside axis \(axis)") }
    }
    let outer = shape[..<axis].reduce(1, *)
    if parts.allSatisfy({ if case .integers = $0 { true } else { false } }) {
      let values = parts.map { part -> [Int] in if case .integers(_, let values) = part { values } else { [] } }
      return [.integers(shape: shape, values: interleave(values, outer: outer))]
    }
    var values: [[Float]] = []
    for index in parts.indices { values.append(try call.floats(index).values) }
    return [.floats(FloatTensor(shape: shape, values: interleave(values, outer: outer)))]
  }

  private static func interleave<Element>(_ parts: [[Element]], outer: Int) -> [Element] {
    guard outer > 0 else { return [] }
    var out: [Element] = []
    out.reserveCapacity(parts.reduce(0) { $0 + $1.count })
    for o in 0..<outer {
      for part in parts {
        let block = part.count / outer
        out += part[o * block..<(o + 1) * block]
      }
    }
    return out
  }

  static func reshape(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    var shape = try call.integers(1)
    let keepsZeros = call.integer("allowzero", default: 0) != 0
    for axis in shape.indices where shape[axis] == 0 && !keepsZeros && axis < data.shape.count {
      shape[axis] = data.shape[axis]
    }
    let known = shape.filter { $0 != -1 }.reduce(1, *)
    let count = data.shape.reduce(1, *)
    if let free = shape.firstIndex(of: -1), known > 0, count % known == 0 { shape[free] = count / known }
    guard shape.allSatisfy({ $0 >= 0 }), shape.reduce(1, *) == count else {
      throw call.failure("shape \(data.shape) does not become \(try call.integers(1))")
    }
    return [data.reshaped(shape)]
  }

  static func flatten(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    let given = call.integer("axis", default: 1)
    let axis = given == data.shape.count ? given : try call.axis(given, rank: data.shape.count)
    return [data.reshaped([data.shape[..<axis].reduce(1, *), data.shape[axis...].reduce(1, *)])]
  }

  static func unsqueeze(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    let axes: [Int]
    if let named = call.integers(named: "axes") { axes = named } else { axes = try call.integers(1) }
    var shape = data.shape
    let rank = shape.count + axes.count
    let sorted = try axes.mapChecked { axis throws(RoadError) in try call.axis(axis, rank: rank) }.sorted()
    for axis in sorted {
      guard axis <= shape.count else { throw call.failure("axes \(axes)") }
      shape.insert(1, at: axis)
    }
    return [data.reshaped(shape)]
  }

  static func squeeze(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    var axes = data.shape.indices.filter { data.shape[$0] == 1 }
    var given = call.integers(named: "axes")
    if call.has(1) { given = try call.integers(1) }
    if let given {
      axes = try given.mapChecked { axis throws(RoadError) in try call.axis(axis, rank: data.shape.count) }
    }
    guard axes.allSatisfy({ data.shape[$0] == 1 }) else { throw call.failure("axes \(axes) of shape \(data.shape)") }
    return [data.reshaped(data.shape.indices.filter { !axes.contains($0) }.map { data.shape[$0] })]
  }

  static func cast(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    switch ElementType(rawValue: call.integer("to", default: 0)) {
    case .int64, .int32, .int16, .uint16, .int8, .uint8: return [.integers(shape: data.shape, values: data.integers)]
    case .bool:
      return [.integers(shape: data.shape, values: data.floats.values.map { $0 == 0 ? 0 : 1 })]
    case .float, .double, .float16: return [.floats(data.floats)]
    case nil: throw call.failure("a cast to element type \(call.integer("to", default: 0))")
    }
  }

  /// A position that may count from the end, brought into 0...size as ONNX Slice does.
  private static func clamp(_ position: Int, _ size: Int) -> Int {
    min(max(position < 0 ? position + size : position, 0), size)
  }
}

extension TensorValue {
  func reshaped(_ shape: [Int]) -> TensorValue {
    switch self {
    case .floats(let tensor): .floats(FloatTensor(shape: shape, values: tensor.values))
    case .integers(_, let values): .integers(shape: shape, values: values)
    }
  }

  /// A new tensor of `shape` whose elements are those that `order` takes, one index after the other.
  func rearranged(shape: [Int], _ order: ((Int) -> Void) -> Void) -> TensorValue {
    switch self {
    case .floats(let tensor):
      var values: [Float] = []
      values.reserveCapacity(shape.reduce(1, *))
      order { values.append(tensor.values[$0]) }
      return .floats(FloatTensor(shape: shape, values: values))
    case .integers(_, let source):
      var values: [Int] = []
      order { values.append(source[$0]) }
      return .integers(shape: shape, values: values)
    }
  }
}

extension Collection {
  /// `map` with a typed error.
  func mapChecked<Result>(_ transform: (Element) throws(RoadError) -> Result) throws(RoadError) -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try transform(element)) }
    return results
  }
}
