/// Reads MCAP's serialization from untrusted bytes: what lies beyond the end is nil, never a trap.
struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var remaining: Int { bytes.count - offset }

  mutating func u8() -> UInt8? { integer() }
  mutating func u16() -> UInt16? { integer() }
  mutating func u32() -> UInt32? { integer() }
  mutating func u64() -> UInt64? { integer() }

  /// Invalid UTF-8 is mended, not refused.
  mutating func string() -> String? {
    guard let length = u32(), let text = take(Int(length)) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }

  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  mutating func strings() -> [String: String]? {
    guard let length = u32(), let body = take(Int(length)) else { return nil }
    var reader = ByteReader(body)
    var pairs: [String: String] = [:]
    while reader.remaining > 0 {
      guard let key = reader.string(), let value = reader.string() else { return nil }
      pairs[key] = value
    }
    return pairs
  }

  /// One record: its opcode and content.
  mutating func record() -> (opcode: UInt8, body: UnsafeRawBufferPointer)? {
    guard let opcode = u8(), let length = u64(), length <= UInt64(remaining), let body = take(Int(length)) else {
      return nil
    }
    return (opcode, body)
  }

  private mutating func integer<Value: FixedWidthInteger>() -> Value? {
    let size = MemoryLayout<Value>.size
    guard size <= remaining else { return nil }
    defer { offset += size }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}

extension MCAPSchema {
  init?(_ body: UnsafeRawBufferPointer) {
    var reader = ByteReader(body)
    guard let id = reader.u16(), id != 0, let name = reader.string(), let encoding = reader.string(),
      let length = reader.u32(), let data = reader.take(Int(length))
    else { return nil }
    self.init(id: id, name: name, encoding: encoding, data: Array(data))
  }
}

extension MCAPChannel {
  init?(_ body: UnsafeRawBufferPointer) {
    var reader = ByteReader(body)
    guard let id = reader.u16(), let schemaID = reader.u16(), let topic = reader.string(),
      let encoding = reader.string(), let metadata = reader.strings()
    else { return nil }
    self.init(id: id, schemaID: schemaID, topic: topic, messageEncoding: encoding, metadata: metadata)
  }
}

extension MCAPMetadata {
  init?(_ body: UnsafeRawBufferPointer) {
    var reader = ByteReader(body)
    guard let name = reader.string(), let pairs = reader.strings() else { return nil }
    self.init(name: name, pairs: pairs)
  }
}

extension MCAPAttachment {
  /// Nil also where the CRC does not match.
  init?(_ body: UnsafeRawBufferPointer) {
    var reader = ByteReader(body)
    guard reader.u64() != nil, reader.u64() != nil, let name = reader.string(), let mediaType = reader.string(),
      let length = reader.u64(), length <= UInt64(body.count), let data = reader.take(Int(length))
    else { return nil }
    let covered = UnsafeRawBufferPointer(rebasing: body[..<reader.offset])
    guard let crc = reader.u32(), crc == 0 || crc == CRC32.of(covered) else { return nil }
    self.init(name: name, mediaType: mediaType, data: Array(data))
  }
}
