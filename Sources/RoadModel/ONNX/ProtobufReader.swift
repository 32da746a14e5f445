import RoadBase

/// A cursor over one protobuf message (https://protobuf.dev/programming-guides/encoding): fields are walked in place,
/// only what is kept is copied. Every read is checked against the end of the message; nested messages cannot reach
/// beyond it.
package struct ProtobufReader {
  enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
  }

  struct Field {
    var number: Int
    var wireType: WireType
  }

  private let bytes: [UInt8]
  private(set) var position: Int
  private let end: Int
  /// What the message is, for error messages: "model.onnx: node 3 'conv1'".
  var context: String
  /// Where data lies that the message only names.
  let external: ExternalFiles?
  /// How many messages lie around this one.
  private let depth: Int
  /// Deeper than any model: keeps hostile files from the end of the stack.
  private static let depthLimit = 100

  package init(_ bytes: [UInt8], context: String) {
    self.init(bytes, 0..<bytes.count, context: context, nil, depth: 0)
  }

  init(_ bytes: [UInt8], context: String, external: ExternalFiles?) {
    self.init(bytes, 0..<bytes.count, context: context, external, depth: 0)
  }

  private init(_ bytes: [UInt8], _ range: Range<Int>, context: String, _ external: ExternalFiles?, depth: Int) {
    self.bytes = bytes
    self.position = range.lowerBound
    self.end = range.upperBound
    self.context = context
    self.external = external
    self.depth = depth
  }

  var remaining: Int { end - position }

  func failure(_ reason: String) -> RoadError {
    RoadError(
      .model, "\(context): \(reason), near byte \(position)",
      remedy: "the file is damaged or is not an ONNX model; export it or copy it again")
  }

  /// The next field's number and wire type; nil at the end of the message.
  mutating func nextField() throws(RoadError) -> Field? {
    guard position < end else { return nil }
    let key = try varint()
    guard key >> 3 >= 1, key >> 3 < 1 << 29, let type = WireType(rawValue: UInt8(key & 7)) else {
      throw failure("no protobuf field starts with \(key)")
    }
    return Field(number: Int(key >> 3), wireType: type)
  }

  mutating func varint() throws(RoadError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw failure("truncated") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw failure("a number longer than 64 bits")
  }

  mutating func fixed32() throws(RoadError) -> UInt32 { UInt32(try fixed(4)) }
  mutating func fixed64() throws(RoadError) -> UInt64 { try fixed(8) }

  private mutating func fixed(_ size: Int) throws(RoadError) -> UInt64 {
    guard remaining >= size else { throw failure("truncated") }
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += size
    return value
  }

  /// A nested message (or packed list): a cursor that ends where it ends.
  mutating func message(_ field: Field, _ context: String? = nil) throws(RoadError) -> ProtobufReader {
    guard depth < Self.depthLimit else { throw failure("messages in messages in messages") }
    let range = try delimited(field)
    return ProtobufReader(bytes, range, context: context ?? self.context, external, depth: depth + 1)
  }

  mutating func copyBytes(_ field: Field) throws(RoadError) -> [UInt8] { Array(bytes[try delimited(field)]) }

  mutating func string(_ field: Field) throws(RoadError) -> String {
    String(decoding: bytes[try delimited(field)], as: UTF8.self)
  }

  mutating func integer(_ field: Field) throws(RoadError) -> Int {
    try expect(.varint, field)
    return Int(truncatingIfNeeded: try varint())
  }

  /// Appends the integers of a repeated field, packed or one by one.
  mutating func appendIntegers(_ field: Field, to list: inout [Int]) throws(RoadError) {
    if field.wireType == .bytes {
      var packed = try message(field)
      while packed.remaining > 0 { list.append(Int(truncatingIfNeeded: try packed.varint())) }
    } else {
      list.append(try integer(field))
    }
  }

  /// Appends the little-endian 4- or 8-byte words of a repeated float or double field to `list`, packed or one by one.
  mutating func appendWords(_ field: Field, size: Int, to list: inout [UInt8]) throws(RoadError) {
    if field.wireType == .bytes {
      let range = try delimited(field)
      guard range.count.isMultiple(of: size) else { throw failure("a packed list of \(range.count) bytes") }
      list.append(contentsOf: bytes[range])
    } else {
      try expect(size == 4 ? .fixed32 : .fixed64, field)
      let start = position
      _ = try fixed(size)
      list.append(contentsOf: bytes[start..<position])
    }
  }

  mutating func skip(_ field: Field) throws(RoadError) {
    switch field.wireType {
    case .varint: _ = try varint()
    case .fixed32: _ = try fixed(4)
    case .fixed64: _ = try fixed(8)
    case .bytes: _ = try delimited(field)
    }
  }

  func expect(_ type: WireType, _ field: Field) throws(RoadError) {
    guard field.wireType == type else {
      throw failure("field \(field.number) has wire type \(field.wireType), not \(type)")
    }
  }

  /// Where the content of a length-delimited field lies; moves behind it.
  private mutating func delimited(_ field: Field) throws(RoadError) -> Range<Int> {
    try expect(.bytes, field)
    let length = try varint()
    guard length <= UInt64(remaining) else {
      throw failure("truncated: \(length) bytes announced, \(remaining) left")
    }
    defer { position += Int(length) }
    return position..<position + Int(length)
  }
}
