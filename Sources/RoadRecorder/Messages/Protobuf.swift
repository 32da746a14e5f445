/// The few wire forms of Protocol Buffers that image messages need (https://protobuf.dev/programming-guides/encoding).
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ field: Int, _ value: UInt64) {
    raw(UInt64(field) << 3)
    raw(value)
  }

  mutating func fixed32(_ field: Int, _ value: UInt32) {
    raw(UInt64(field) << 3 | 5)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func text(_ field: Int, _ value: String) {
    head(field, length: value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }

  mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    head(field, length: inner.bytes.count)
    bytes.append(contentsOf: inner.bytes)
  }

  /// What stands before `length` bytes of data.
  mutating func head(_ field: Int, length: Int) {
    raw(UInt64(field) << 3 | 2)
    raw(UInt64(length))
  }

  private mutating func raw(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Reads untrusted Protocol Buffers field by field.
struct ProtobufReader {
  enum Value {
    case number(UInt64)
    case data(UnsafeRawBufferPointer)
  }

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Nil at the end and at the first damaged field.
  mutating func next() -> (field: Int, value: Value)? {
    guard offset < bytes.count, let key = varint() else { return nil }
    let field = Int(key >> 3 & 0x1FFF_FFFF)
    switch key & 7 {
    case 0: return varint().map { (field, .number($0)) }
    case 1: return fixed(8).map { (field, .number($0)) }
    case 5: return fixed(4).map { (field, .number($0)) }
    case 2:
      guard let length = varint(), length <= UInt64(bytes.count - offset) else { return nil }
      defer { offset += Int(length) }
      return (field, .data(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(length)])))
    default: return nil
    }
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard offset < bytes.count else { return nil }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private mutating func fixed(_ size: Int) -> UInt64? {
    guard size <= bytes.count - offset else { return nil }
    defer { offset += size }
    return (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }
}
