/// What stands at the end of a file so that readers need not search for it.
struct MCAPSummary {
  struct AttachmentPlace: Hashable, Sendable {
    var offset: UInt64
    var length: UInt64
    var logTime: UInt64
    var createTime: UInt64
    var dataSize: UInt64
    var name: String
    var mediaType: String
  }

  struct MetadataPlace: Hashable, Sendable {
    var offset: UInt64
    var length: UInt64
    var name: String
  }

  var schemas: [MCAPSchema]
  var channels: [MCAPChannel]
  var chunks: [ChunkPlace] = []
  var attachments: [AttachmentPlace] = []
  var metadata: [MetadataPlace] = []
  var counts: [UInt16: UInt64] = [:]
  /// Of messages outside of chunks, too.
  var times: ClosedRange<UInt64>?

  init(schemas: [MCAPSchema], channels: [MCAPChannel]) {
    self.schemas = schemas
    self.channels = channels
  }

  mutating func add(_ chunk: ChunkPlace, counts: [UInt16: UInt64]) {
    chunks.append(chunk)
    self.counts.merge(counts) { $0 &+ $1 }
    if !counts.isEmpty { add(time: chunk.startTime, chunk.endTime) }
  }

  mutating func add(time first: UInt64, _ last: UInt64) {
    let (low, high) = (min(first, last), max(first, last))
    times = min(times?.lowerBound ?? low, low)...max(times?.upperBound ?? high, high)
  }

  /// From the Data End record to the closing magic.
  ///
  /// - Parameters:
  ///   - position: of the first of these bytes in the file.
  ///   - dataCRC: of all bytes before; 0 where it is not known.
  func bytes(at position: UInt64, dataCRC: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    writer.record(MCAPOpcode.dataEnd) { $0.put(dataCRC) }
    let start = writer.count
    var groups: [(opcode: UInt8, start: Int, length: Int)] = []
    func group(_ opcode: UInt8, _ body: (inout ByteWriter) -> Void) {
      let before = writer.count
      body(&writer)
      if writer.count > before { groups.append((opcode, before, writer.count - before)) }
    }
    group(MCAPOpcode.schema) { writer in for schema in schemas { writer.put(schema) } }
    group(MCAPOpcode.channel) { writer in for channel in channels { writer.put(channel) } }
    group(MCAPOpcode.statistics, putStatistics)
    group(MCAPOpcode.chunkIndex) { writer in for chunk in chunks { put(chunk, &writer) } }
    group(MCAPOpcode.attachmentIndex, putAttachments)
    group(MCAPOpcode.metadataIndex, putMetadata)
    let offsetsStart = writer.count
    for group in groups {
      writer.record(MCAPOpcode.summaryOffset) { writer in
        writer.put(group.opcode)
        writer.put(position + UInt64(group.start))
        writer.put(UInt64(group.length))
      }
    }
    writer.put(MCAPOpcode.footer)
    writer.put(UInt64(20))
    writer.put(position + UInt64(start))
    writer.put(position + UInt64(offsetsStart))
    writer.put(writer.bytes[start...].withUnsafeBytes { CRC32.of($0) })
    writer.put(raw: MCAP.magic)
    return writer.bytes
  }

  private func put(_ chunk: ChunkPlace, _ writer: inout ByteWriter) {
    writer.record(MCAPOpcode.chunkIndex) { writer in
      writer.put(chunk.startTime)
      writer.put(chunk.endTime)
      writer.put(chunk.offset)
      writer.put(chunk.length)
      writer.put(chunk.messageIndexOffsets)
      writer.put(chunk.messageIndexLength)
      writer.put(chunk.compression)
      writer.put(chunk.compressedSize)
      writer.put(chunk.uncompressedSize)
    }
  }

  private func putStatistics(_ writer: inout ByteWriter) {
    writer.record(MCAPOpcode.statistics) { writer in
      writer.put(counts.values.reduce(0, &+))
      writer.put(UInt16(truncatingIfNeeded: schemas.count))
      writer.put(UInt32(channels.count))
      writer.put(UInt32(attachments.count))
      writer.put(UInt32(metadata.count))
      writer.put(UInt32(chunks.count))
      writer.put(times?.lowerBound ?? 0)
      writer.put(times?.upperBound ?? 0)
      writer.put(counts)
    }
  }

  private func putAttachments(_ writer: inout ByteWriter) {
    for place in attachments {
      writer.record(MCAPOpcode.attachmentIndex) { writer in
        writer.put(place.offset)
        writer.put(place.length)
        writer.put(place.logTime)
        writer.put(place.createTime)
        writer.put(place.dataSize)
        writer.put(place.name)
        writer.put(place.mediaType)
      }
    }
  }

  private func putMetadata(_ writer: inout ByteWriter) {
    for place in metadata {
      writer.record(MCAPOpcode.metadataIndex) { writer in
        writer.put(place.offset)
        writer.put(place.length)
        writer.put(place.name)
      }
    }
  }
}
