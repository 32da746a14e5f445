import RoadBase

/// Where an ``MCAPWriter``'s bytes go; append only.
package protocol ByteOutput {
  mutating func append(_ bytes: [UInt8]) throws(RoadError)
}

/// Writes one MCAP file: header, what it holds once, chunks with their indexes, summary.
///
///     magic · Header · Schemas · Channels · Metadata · Attachments · (Chunk · MessageIndex…)… · DataEnd ·
///     Schemas · Channels · Statistics · ChunkIndexes · AttachmentIndexes · MetadataIndexes ·
///     SummaryOffsets · Footer · magic
///
/// Until `finish` the file has no summary; ``MCAPRecovery`` gives it one.
package struct MCAPWriter<Output: ByteOutput> {
  package private(set) var output: Output
  private var summary: MCAPSummary
  /// Bytes written so far.
  package private(set) var position: UInt64 = 0
  private var crc: UInt32 = 0

  /// Writes all that the file holds once.
  ///
  /// - Parameter time: log time of the attachments.
  package init(
    _ output: Output, layout: MessageLayout, library: String, metadata: [MCAPMetadata],
    attachments: [MCAPAttachment], time: UInt64
  ) throws(RoadError) {
    self.output = output
    let (schemas, channels) = (RecordingChannels.schemas(layout), RecordingChannels.channels(layout))
    summary = MCAPSummary(schemas: schemas, channels: channels)
    var writer = ByteWriter()
    writer.put(raw: MCAP.magic)
    writer.record(MCAPOpcode.header) { writer in
      writer.put(layout.profile)
      writer.put(library)
    }
    for schema in schemas { writer.put(schema) }
    for channel in channels { writer.put(channel) }
    for entry in metadata {
      let start = UInt64(writer.count)
      writer.put(entry)
      summary.metadata.append(.init(offset: start, length: UInt64(writer.count) - start, name: entry.name))
    }
    for entry in attachments {
      let start = UInt64(writer.count)
      writer.put(entry, time: time)
      summary.attachments.append(
        .init(
          offset: start, length: UInt64(writer.count) - start, logTime: time, createTime: time,
          dataSize: UInt64(entry.data.count), name: entry.name, mediaType: entry.mediaType))
    }
    try append(writer.bytes)
  }

  package mutating func append(_ chunk: ClosedChunk) throws(RoadError) {
    let start = position
    try append(chunk.bytes)
    var place = chunk.place
    place.offset = start
    place.messageIndexOffsets = place.messageIndexOffsets.mapValues { $0 + start }
    summary.add(place, counts: chunk.counts)
  }

  /// Writes the summary. Nothing can be appended afterwards.
  package mutating func finish() throws(RoadError) {
    try output.append(summary.bytes(at: position, dataCRC: crc))
  }

  /// Changes where the file stands, not what is in it.
  package mutating func rename(_ change: (inout Output) throws(RoadError) -> Void) throws(RoadError) {
    try change(&output)
  }

  private mutating func append(_ bytes: [UInt8]) throws(RoadError) {
    try output.append(bytes)
    position += UInt64(bytes.count)
    crc = bytes.withUnsafeBytes { CRC32.continued(crc, $0) }
  }
}
