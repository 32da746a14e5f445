import RoadBase
import RoadModel

/// A constant of the graph: an initializer, perhaps seen through DequantizeLinear.
struct ConstantTensor {
  var name: String
  var data: TensorData
  /// Set once a DequantizeLinear was met: `real = scale · (integer − zeroPoint)`.
  var scale: QuantizationScale?

  var shape: [Int] { data.shape }
}

/// Scales and zero-points of a QuantizeLinear or DequantizeLinear node; one entry each, or one for each index of `axis`.
struct QuantizationScale: Equatable {
  var scales: [Float]
  var zeroPoints: [Int32]
  var axis: Int

  func scale(_ index: Int) -> Float { scales[scales.count == 1 ? 0 : index] }
  func zeroPoint(_ index: Int) -> Int32 { zeroPoints[zeroPoints.count == 1 ? 0 : index] }
}

extension TensorData {
  /// Float32 and Float64 elements as Float; nil for other types.
  var floatElements: [Float]? {
    switch elementType {
    case .float: elements(of: Float.self)
    case .double: elements(of: Double.self).map { Float($0) }
    default: nil
    }
  }

  /// Elements of the integer types; nil for other types.
  var integerElements: [Int]? {
    switch elementType {
    case .int8: elements(of: Int8.self).map { Int($0) }
    case .uint8: bytes.map { Int($0) }
    case .int16: elements(of: Int16.self).map { Int($0) }
    case .uint16: elements(of: UInt16.self).map { Int($0) }
    case .int32: elements(of: Int32.self).map { Int($0) }
    case .int64: elements(of: Int64.self).map { Int($0) }
    case .bool, .float, .float16, .double: nil
    }
  }

  private func elements<Element: BitwiseCopyable>(of type: Element.Type) -> [Element] {
    bytes.withUnsafeBytes { raw in
      (0..<count).map { raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: type) }
    }
  }
}

extension ConstantTensor {
  /// The real numbers, row-major.
  func reals() throws(RoadError) -> [Float] {
    if let floats = data.floatElements { return floats }
    guard let integers = data.integerElements else {
      throw RoadError(.model, "constant '\(name)' has elements of type \(data.elementType)")
    }
    guard let scale else { return integers.map { Float($0) } }
    return integers.enumerated().map { index, integer in
      let group = self.group(of: index, axis: scale.axis)
      return scale.scale(group) * Float(integer - Int(scale.zeroPoint(group)))
    }
  }

  /// Index along `axis` of the element at a row-major position.
  func group(of position: Int, axis: Int) -> Int {
    guard axis < shape.count else { return 0 }
    let inner = shape[(axis + 1)...].reduce(1, *)
    return position / max(inner, 1) % max(shape[axis], 1)
  }
}
