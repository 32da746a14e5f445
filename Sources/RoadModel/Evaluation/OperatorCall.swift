import RoadBase

/// One node with the values of its inputs: what an operator sees.
package struct OperatorCall {
  let node: Node
  let opset: Int
  let arguments: [TensorValue?]

  package init(node: Node, opset: Int, arguments: [TensorValue?]) {
    self.node = node
    self.opset = opset
    self.arguments = arguments
  }

  func failure(_ cause: String) -> RoadError {
    node.failure(cause)
  }

  func has(_ index: Int) -> Bool { index < arguments.count && arguments[index] != nil }

  /// Input `index`, numbers or integers.
  func value(_ index: Int) throws(RoadError) -> TensorValue {
    guard index < arguments.count, let value = arguments[index] else { throw failure("input \(index) is missing") }
    return value
  }

  /// Input `index` as numbers.
  func floats(_ index: Int) throws(RoadError) -> FloatTensor {
    try value(index).floats
  }

  /// Input `index` as a picture: four dimensions.
  func picture(_ index: Int) throws(RoadError) -> FloatTensor {
    let tensor = try floats(index)
    guard tensor.shape.count == 4 else { throw failure("input \(index) has shape \(tensor.shape), not N, C, H, W") }
    return tensor
  }

  /// Input `index` as integers: shapes, axes, indices.
  func integers(_ index: Int) throws(RoadError) -> [Int] {
    switch try value(index) {
    case .integers(_, let values): return values
    case .floats(let tensor):
      guard tensor.values.allSatisfy({ abs($0) < 1e9 && $0 == $0.rounded() }) else {
        throw failure("input \(index) is not made of integers")
      }
      return tensor.values.map { Int($0) }
    }
  }

  /// An input's value by name, for the geometry that ``RoadModel`` works out of constants.
  func data(_ name: String) -> TensorData? {
    guard let index = node.inputs.firstIndex(of: name), let value = arguments[index] else { return nil }
    switch value {
    case .floats(let tensor): return TensorData(floats: tensor.values, shape: tensor.shape)
    case .integers(let shape, let values): return TensorData(integers: values, shape: shape)
    }
  }

  func integer(_ name: String, default fallback: Int) -> Int {
    if case .integer(let value)? = node.attributes[name] { value } else { fallback }
  }

  func float(_ name: String, default fallback: Float) -> Float {
    if case .float(let value)? = node.attributes[name] { value } else { fallback }
  }

  func string(_ name: String, default fallback: String) -> String {
    if case .string(let value)? = node.attributes[name] { value } else { fallback }
  }

  /// An integer list; nil when the attribute is absent.
  func integers(named name: String) -> [Int]? {
    if case .integers(let values)? = node.attributes[name] { values } else { nil }
  }

  /// An axis counted from the front, checked.
  func axis(_ axis: Int, rank: Int) throws(RoadError) -> Int {
    let index = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(index) else { throw failure("axis \(axis) of a tensor with \(rank) dimensions") }
    return index
  }
}

/// What an operator computes: a call to its outputs.
package typealias Evaluation = @Sendable (OperatorCall) throws(RoadError) -> [TensorValue]
