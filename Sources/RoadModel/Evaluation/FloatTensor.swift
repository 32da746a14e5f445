import RoadBase

/// A dense tensor of 32-bit floats, row-major; pictures are NCHW as in ONNX.
public struct FloatTensor: Hashable, Sendable {
  public var shape: [Int]
  public var values: [Float]

  public init(shape: [Int], values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.shape = shape
    self.values = values
  }

  public init(shape: [Int], repeating value: Float = 0) {
    self.shape = shape
    values = [Float](repeating: value, count: shape.reduce(1, *))
  }
}

extension FloatTensor {
  /// A constant of a model, whatever its element type; 8-bit weights become floats of the same value.
  public init(_ data: TensorData) {
    switch TensorValue(data) {
    case .floats(let tensor): self = tensor
    case .integers(let shape, let values): self.init(shape: shape, values: values.map { Float($0) })
    }
  }
}

/// What flows along an edge of the graph: numbers, or the shape arithmetic that exporters write in 64-bit integers.
package enum TensorValue: Sendable {
  case floats(FloatTensor)
  case integers(shape: [Int], values: [Int])

  package var shape: [Int] {
    switch self {
    case .floats(let tensor): tensor.shape
    case .integers(let shape, _): shape
    }
  }
}

extension TensorValue {
  /// A constant of the model. Integers of 32 and 64 bits and truths stay integers; all else becomes floats, 8-bit
  /// weights included.
  package init(_ data: TensorData) {
    switch data.elementType {
    case .int64, .int32, .bool: self = .integers(shape: data.shape, values: data.integers ?? [])
    default: self = .floats(FloatTensor(shape: data.shape, values: data.floats))
    }
  }

  /// As numbers; integers beyond 2^24 are rounded.
  var floats: FloatTensor {
    switch self {
    case .floats(let tensor): tensor
    case .integers(let shape, let values): FloatTensor(shape: shape, values: values.map { Float($0) })
    }
  }

  /// As integers; numbers are cut towards zero and to what 64 bits hold.
  var integers: [Int] {
    switch self {
    case .floats(let tensor): tensor.values.map { $0.isNaN ? 0 : Int(min(max($0, -0x1p63), 0x1.fffffep62)) }
    case .integers(_, let values): values
    }
  }
}
