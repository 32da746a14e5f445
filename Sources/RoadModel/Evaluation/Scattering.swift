import RoadBase

/// Operators whose indices are a tensor of their own: exporters compute tables of relative positions and masks with
/// them.
enum IndexOperators {
  /// A copy of the data in which some slices are others.
  static func scatterND(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let (data, updates) = (try call.value(0), try call.value(2))
    let slices = try Slices(call, data.shape, batch: 0)
    guard updates.shape == slices.shape else {
      throw call.failure("updates of shape \(updates.shape) do not fit slices of shape \(slices.shape)")
    }
    let places = slices.starts.flatMap { $0..<($0 + slices.length) }
    return [data.replacing(places, by: updates, try Reduction(call))]
  }

  static func gatherND(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    let slices = try Slices(call, data.shape, batch: call.integer("batch_dims", default: 0))
    return [
      data.rearranged(shape: slices.shape) { take in
        for start in slices.starts { for place in start..<(start + slices.length) { take(place) } }
      }
    ]
  }

  static func scatterElements(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let updates = try call.value(2)
    let places = try elements(call)
    guard try updates.shape == call.value(1).shape else {
      throw call.failure("updates of shape \(updates.shape) for indices of another")
    }
    return [try call.value(0).replacing(places, by: updates, try Reduction(call))]
  }

  static func gatherElements(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let places = try elements(call)
    let shape = try call.value(1).shape
    return [try call.value(0).rearranged(shape: shape) { take in places.forEach(take) }]
  }

  /// Above or below a diagonal; zero elsewhere.
  static func triangle(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let data = try call.value(0)
    let diagonal = call.has(1) ? try call.integers(1).first ?? 0 : 0
    let isUpper = call.integer("upper", default: 1) != 0
    guard data.shape.count >= 2, let columns = data.shape.last, abs(diagonal) <= ShapeLimits.dimension else {
      throw call.failure("diagonal \(diagonal) of a tensor of shape \(data.shape)")
    }
    let rows = data.shape[data.shape.count - 2]
    func isKept(_ position: Int) -> Bool {
      let (row, column) = (position / columns % rows, position % columns)
      return isUpper ? column >= row + diagonal : column <= row + diagonal
    }
    switch data {
    case .floats(var tensor):
      for position in tensor.values.indices where !isKept(position) { tensor.values[position] = 0 }
      return [.floats(tensor)]
    case .integers(let shape, var values):
      for position in values.indices where !isKept(position) { values[position] = 0 }
      return [.integers(shape: shape, values: values)]
    }
  }

  /// Where the data's element of each index lies: the index takes the place of one coordinate.
  private static func elements(_ call: OperatorCall) throws(RoadError) -> [Int] {
    let (shape, indices) = (try call.value(0).shape, try call.integers(1))
    let indexShape = try call.value(1).shape
    let axis = try call.axis(call.integer("axis", default: 0), rank: shape.count)
    let fits =
      indexShape.count == shape.count
      && shape.indices.allSatisfy { $0 == axis || indexShape[$0] <= shape[$0] }
    guard fits else { throw call.failure("indices of shape \(indexShape) do not fit data of shape \(shape)") }
    let (strides, own) = (rowMajorStrides(shape), rowMajorStrides(indexShape))
    return try indices.enumerated().map { ($0, $1) }.mapChecked { entry throws(RoadError) in
      var place = try checked(entry.1, of: shape[axis], call) * strides[axis]
      for other in shape.indices where other != axis {
        place += entry.0 / own[other] % indexShape[other] * strides[other]
      }
      return place
    }
  }

  fileprivate static func checked(_ index: Int, of size: Int, _ call: OperatorCall) throws(RoadError) -> Int {
    let place = index < 0 ? index + size : index
    guard (0..<size).contains(place) else { throw call.failure("index \(index) of \(size)") }
    return place
  }
}

extension IndexOperators {
  static func columnsToImage(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let columns = try call.floats(0)
    let geometry = try ColumnsToImage(
      call.node, input: columns.shape, image: call.integers(1), block: call.integers(2))
    return [.floats(geometry.sum(columns.values))]
  }
}

/// Elements from one step along each axis to the next.
private func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
  return strides
}

/// The slices of a tensor that the last axis of an index tensor names.
private struct Slices {
  /// Where each begins in the data.
  let starts: [Int]
  /// Elements of one.
  let length: Int
  /// Of all together.
  let shape: [Int]

  init(_ call: OperatorCall, _ data: [Int], batch: Int) throws(RoadError) {
    let (indices, own) = (try call.integers(1), try call.value(1).shape)
    guard let depth = own.last, batch >= 0, batch < own.count, batch + depth <= data.count, depth > 0,
      data.prefix(batch) == own.prefix(batch)
    else { throw call.failure("indices of shape \(own) do not fit data of shape \(data)") }
    let strides = rowMajorStrides(data)
    let rest = data[(batch + depth)...]
    length = rest.reduce(1, *)
    shape = own.dropLast() + rest
    let batchLength = batch == 0 ? 0 : strides[batch - 1]
    let perBatch = max(own[batch...].dropLast().reduce(1, *), 1)
    starts = try (0..<indices.count / depth).mapChecked { tuple throws(RoadError) in
      var start = tuple / perBatch * batchLength
      for axis in 0..<depth {
        let index = try IndexOperators.checked(indices[tuple * depth + axis], of: data[batch + axis], call)
        start += index * strides[batch + axis]
      }
      return start
    }
  }
}

/// What becomes of an element that is written to.
private enum Reduction: String {
  case none
  case add
  case mul
  case max
  case min

  init(_ call: OperatorCall) throws(RoadError) {
    let name = call.string("reduction", default: "none")
    guard let known = Reduction(rawValue: name) else { throw call.failure("reduction \(name) is not known") }
    self = known
  }

  func result(_ old: Float, _ new: Float) -> Float {
    switch self {
    case .none: new
    case .add: old + new
    case .mul: old * new
    case .max: Swift.max(old, new)
    case .min: Swift.min(old, new)
    }
  }

  /// Beyond 64 bits it wraps, as in every other executor.
  func result(_ old: Int, _ new: Int) -> Int {
    switch self {
    case .none: new
    case .add: old &+ new
    case .mul: old &* new
    case .max: Swift.max(old, new)
    case .min: Swift.min(old, new)
    }
  }
}

extension TensorValue {
  /// A copy with other elements at some places, in their order.
  fileprivate func replacing(_ places: [Int], by updates: TensorValue, _ reduction: Reduction) -> TensorValue {
    switch self {
    case .floats(var tensor):
      for (place, new) in zip(places, updates.floats.values) {
        tensor.values[place] = reduction.result(tensor.values[place], new)
      }
      return .floats(tensor)
    case .integers(let shape, var values):
      for (place, new) in zip(places, updates.integers) { values[place] = reduction.result(values[place], new) }
      return .integers(shape: shape, values: values)
    }
  }
}
