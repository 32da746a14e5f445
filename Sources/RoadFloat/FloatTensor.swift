import RoadBase
import RoadModel

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
    switch Value(data) {
    case .floats(let tensor): self = tensor
    case .integers(let shape, let values): self.init(shape: shape, values: values.map { Float($0) })
    }
  }
}

/// What flows along an edge of the graph: numbers, or the shape arithmetic that exporters write in 64-bit integers.
enum Value: Sendable {
  case floats(FloatTensor)
  case integers(shape: [Int], values: [Int])

  var shape: [Int] {
    switch self {
    case .floats(let tensor): tensor.shape
    case .integers(let shape, _): shape
    }
  }
}

extension Value {
  /// A constant of the model. 64-bit integers stay integers; every other type becomes floats, 8-bit weights included.
  init(_ data: TensorData) {
    switch data.elementType {
    case .int64:
      self = .integers(shape: data.shape, values: data.elements(of: Int64.self).map { Int($0) })
    case .float:
      self = .floats(
        FloatTensor(shape: data.shape, values: data.elements(of: UInt32.self).map(Float.init(bitPattern:))))
    case .double:
      let values = data.elements(of: UInt64.self).map { Float(Double(bitPattern: $0)) }
      self = .floats(FloatTensor(shape: data.shape, values: values))
    case .float16:
      let values = data.elements(of: UInt16.self).map { HalfPrecision.float(bits: $0) }
      self = .floats(FloatTensor(shape: data.shape, values: values))
    case .uint8, .bool: self = .small(data, UInt8.self)
    case .int8: self = .small(data, Int8.self)
    case .uint16: self = .small(data, UInt16.self)
    case .int16: self = .small(data, Int16.self)
    case .int32: self = .small(data, Int32.self)
    }
  }

  private static func small<Element: FixedWidthInteger>(_ data: TensorData, _ type: Element.Type) -> Value {
    .floats(FloatTensor(shape: data.shape, values: data.elements(of: type).map { Float($0) }))
  }
}

extension TensorData {
  /// The little-endian elements, whatever their alignment.
  func elements<Element: FixedWidthInteger>(of type: Element.Type) -> [Element] {
    bytes.withUnsafeBytes { raw in
      (0..<count).map {
        Element(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self))
      }
    }
  }
}

/// IEEE 754 binary16, by hand: `Float16` does not exist on every platform that Swift runs on.
enum HalfPrecision {
  static func float(bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF) / 1024
    switch exponent {
    case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
