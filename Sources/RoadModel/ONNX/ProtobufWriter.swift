/// Appends protobuf fields (https://protobuf.dev/programming-guides/encoding) to a byte array.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ field: Int, _ value: Int) {
    key(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, .fixed32)
    word(value)
  }

  /// Strings, byte fields and nested messages alike.
  mutating func delimited(_ field: Int, _ content: some Collection<UInt8>) {
    key(field, .bytes)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  mutating func string(_ field: Int, _ text: String) { delimited(field, text.utf8) }

  mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
    var nested = ProtobufWriter()
    write(&nested)
    delimited(field, nested.bytes)
  }

  mutating func packedIntegers(_ field: Int, _ values: [Int]) {
    var list = ProtobufWriter()
    for value in values { list.varint(UInt64(bitPattern: Int64(value))) }
    delimited(field, list.bytes)
  }

  mutating func packedFloats(_ field: Int, _ values: [Float]) {
    var list = ProtobufWriter()
    for value in values { list.word(value) }
    delimited(field, list.bytes)
  }

  private mutating func key(_ field: Int, _ type: ProtobufReader.WireType) {
    varint(UInt64(field) << 3 | UInt64(type.rawValue))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func word(_ value: Float) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
