/// MCAP's serialization: little-endian numbers, length-prefixed strings, arrays and maps, records.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  /// Keeps the memory.
  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  mutating func put(_ value: UInt8) { bytes.append(value) }
  mutating func put(_ value: UInt16) { putInteger(value) }
  mutating func put(_ value: UInt32) { putInteger(value) }
  mutating func put(_ value: UInt64) { putInteger(value) }

  mutating func put(_ text: String) {
    let utf8 = text.utf8
    put(UInt32(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  mutating func put(raw data: UnsafeRawBufferPointer) { bytes.append(contentsOf: data) }
  mutating func put(raw data: [UInt8]) { bytes.append(contentsOf: data) }

  /// In the order of the keys, so that the same content gives the same bytes.
  mutating func put(_ pairs: [String: String]) {
    sized32 { writer in
      for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
        writer.put(key)
        writer.put(value)
      }
    }
  }

  mutating func put(_ pairs: [UInt16: UInt64]) {
    sized32 { writer in
      for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
        writer.put(key)
        writer.put(value)
      }
    }
  }

  /// What `body` puts, with its length in four bytes before it.
  mutating func sized32(_ body: (inout ByteWriter) -> Void) {
    let place = bytes.count
    put(UInt32(0))
    body(&self)
    overwrite(UInt32(bytes.count - place - 4), at: place)
  }

  mutating func record(_ opcode: UInt8, _ body: (inout ByteWriter) -> Void) {
    put(opcode)
    let place = bytes.count
    put(UInt64(0))
    body(&self)
    overwrite(UInt64(bytes.count - place - 8), at: place)
  }

  private mutating func putInteger(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func overwrite(_ value: some FixedWidthInteger, at place: Int) {
    withUnsafeBytes(of: value.littleEndian) { source in
      for index in source.indices { bytes[place + index] = source[index] }
    }
  }
}

extension ByteWriter {
  mutating func put(_ schema: MCAPSchema) {
    record(MCAPOpcode.schema) { writer in
      writer.put(schema.id)
      writer.put(schema.name)
      writer.put(schema.encoding)
      writer.put(UInt32(schema.data.count))
      writer.put(raw: schema.data)
    }
  }

  mutating func put(_ channel: MCAPChannel) {
    record(MCAPOpcode.channel) { writer in
      writer.put(channel.id)
      writer.put(channel.schemaID)
      writer.put(channel.topic)
      writer.put(channel.messageEncoding)
      writer.put(channel.metadata)
    }
  }

  mutating func put(_ metadata: MCAPMetadata) {
    record(MCAPOpcode.metadata) { writer in
      writer.put(metadata.name)
      writer.put(metadata.pairs)
    }
  }

  /// - Parameter time: nanoseconds of the log's clock.
  mutating func put(_ attachment: MCAPAttachment, time: UInt64) {
    record(MCAPOpcode.attachment) { writer in
      let start = writer.count
      writer.put(time)
      writer.put(time)
      writer.put(attachment.name)
      writer.put(attachment.mediaType)
      writer.put(UInt64(attachment.data.count))
      writer.put(raw: attachment.data)
      writer.put(writer.bytes[start...].withUnsafeBytes { CRC32.of($0) })
    }
  }
}
