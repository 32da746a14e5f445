/// Constant tensors as Swift numbers, and back.
extension TensorData {
  public init(floats: [Float], shape: [Int]) {
    self.init(elementType: .float, shape: shape, bytes: littleEndianBytes(floats.map(\.bitPattern)))
  }

  /// Integers as INT64, the type of every shape in ONNX.
  public init(integers: [Int], shape: [Int]) {
    self.init(elementType: .int64, shape: shape, bytes: littleEndianBytes(integers.map { Int64($0) }))
  }

  /// A one-dimensional list of INT64.
  public init(integers: [Int]) { self.init(integers: integers, shape: [integers.count]) }

  public init(int32 values: [Int32], shape: [Int]) {
    self.init(elementType: .int32, shape: shape, bytes: littleEndianBytes(values))
  }

  public init(int8 values: [Int8], shape: [Int]) {
    self.init(elementType: .int8, shape: shape, bytes: values.map { UInt8(bitPattern: $0) })
  }

  public init(uint8 values: [UInt8], shape: [Int]) {
    self.init(elementType: .uint8, shape: shape, bytes: values)
  }

  /// Every element as a Float, whatever the element type; integers beyond 2^24 are rounded.
  public var floats: [Float] {
    switch elementType {
    case .float: elements(UInt32.self) { Float(bitPattern: $0) }
    case .double: elements(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float16: elements(UInt16.self) { Float16Bits.float($0) }
    default: (integers ?? []).map { Float($0) }
    }
  }

  /// Every element as an Int; nil for floating-point element types.
  public var integers: [Int]? {
    switch elementType {
    case .uint8, .bool: bytes.map { Int($0) }
    case .int8: bytes.map { Int(Int8(bitPattern: $0)) }
    case .uint16: elements(UInt16.self) { Int($0) }
    case .int16: elements(UInt16.self) { Int(Int16(bitPattern: $0)) }
    case .int32: elements(UInt32.self) { Int(Int32(bitPattern: $0)) }
    case .int64: elements(UInt64.self) { Int(Int64(bitPattern: $0)) }
    case .float, .double, .float16: nil
    }
  }

  /// The same bytes under another shape of equal count.
  public func reshaped(_ shape: [Int]) -> TensorData {
    TensorData(elementType: elementType, shape: shape, bytes: bytes)
  }

  /// Little-endian words of the bytes; the initializer guarantees that their count is a multiple of the word.
  private func elements<Word: FixedWidthInteger & UnsignedInteger, Value>(
    _: Word.Type, _ value: (Word) -> Value
  ) -> [Value] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / MemoryLayout<Word>.size).map {
        value(Word(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self)))
      }
    }
  }
}

/// The little-endian bytes of words, one after another.
func littleEndianBytes<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(words.count * MemoryLayout<Word>.size)
  for word in words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
  return bytes
}

/// IEEE 754 half precision by its bits: Swift's Float16 does not exist on every platform that we build for.
package enum Float16Bits {
  package static func float(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0: return Float(bitPattern: sign | 0x3F80_0000) * Float(fraction) * 0x1p-24
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
  /// To nearest, ties to even; what is too large becomes infinite.
  package static func bits(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16 & 0x8000)
    let magnitude = abs(value)
    if value.isNaN { return sign | 0x7E00 }
    if magnitude >= 65520 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
    let word = magnitude.bitPattern
    let rounded = word + 0xFFF + (word >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) - (112 << 10))
  }
}
