/// Gathers messages until they are closed into one chunk.
package struct ChunkBuilder {
  private var records = ByteWriter()
  private var index: [UInt16: [(time: UInt64, offset: UInt64)]] = [:]
  package private(set) var startTime: UInt64 = 0
  package private(set) var endTime: UInt64 = 0
  package private(set) var messages = 0
  /// Bytes that do not shrink when packed: JPEG and PNG.
  private var packedBytes = 0

  package init() {}

  package var isEmpty: Bool { messages == 0 }
  package var count: Int { records.count }

  /// Log times must not fall.
  ///
  /// - Parameters:
  ///   - sequence: the frame's ordinal where there is one.
  ///   - head: put before `data`: what an encoding needs around a camera's bytes.
  ///   - isPacked: the data is compressed already.
  package mutating func append(
    channel: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, head: [UInt8] = [],
    data: UnsafeRawBufferPointer, isPacked: Bool
  ) {
    precondition(logTime >= endTime || isEmpty, "log time \(logTime) after \(endTime)")
    if isEmpty { startTime = logTime }
    endTime = logTime
    messages += 1
    if isPacked { packedBytes += data.count }
    index[channel, default: []].append((logTime, UInt64(records.count)))
    records.put(MCAPOpcode.message)
    records.put(UInt64(22 + head.count + data.count))
    records.put(channel)
    records.put(sequence)
    records.put(logTime)
    records.put(publishTime)
    records.put(raw: head)
    records.put(raw: data)
  }

  /// The chunk with its message indexes; the builder is empty again.
  ///
  /// - Parameter compressor: used where the chunk does not hold JPEGs and PNGs for the most part.
  package mutating func close(_ compressor: ZstdCompressor?) -> ClosedChunk {
    let chunk = records.bytes.withUnsafeBytes { raw in
      let packed = 2 * packedBytes < raw.count ? compressor?.compress(raw) : nil
      return packed?.withUnsafeBytes { closed(raw, packed: $0, "zstd") } ?? closed(raw, packed: raw, "")
    }
    records.removeAll()
    index.removeAll(keepingCapacity: true)
    (startTime, endTime, messages, packedBytes) = (0, 0, 0, 0)
    return chunk
  }

  private func closed(
    _ raw: UnsafeRawBufferPointer, packed: UnsafeRawBufferPointer, _ compression: String
  ) -> ClosedChunk {
    var writer = ByteWriter()
    writer.reserve(packed.count + 100 + 16 * messages + 15 * index.count)
    let crc = CRC32.of(raw)
    writer.record(MCAPOpcode.chunk) { writer in
      writer.put(startTime)
      writer.put(endTime)
      writer.put(UInt64(raw.count))
      writer.put(crc)
      writer.put(compression)
      writer.put(UInt64(packed.count))
      writer.put(raw: packed)
    }
    var place = ChunkPlace(
      startTime: startTime, endTime: endTime, offset: 0, length: UInt64(writer.count), compression: compression,
      compressedSize: UInt64(packed.count), uncompressedSize: UInt64(raw.count), uncompressedCRC: crc)
    var counts: [UInt16: UInt64] = [:]
    for (channel, entries) in index.sorted(by: { $0.key < $1.key }) {
      place.messageIndexOffsets[channel] = UInt64(writer.count)
      counts[channel] = UInt64(entries.count)
      writer.record(MCAPOpcode.messageIndex) { writer in
        writer.put(channel)
        writer.sized32 { writer in
          for entry in entries {
            writer.put(entry.time)
            writer.put(entry.offset)
          }
        }
      }
    }
    place.messageIndexLength = UInt64(writer.count) - place.length
    return ClosedChunk(bytes: writer.bytes, place: place, counts: counts)
  }
}

/// A chunk record and its message index records, ready to be appended to any file with the same channels.
package struct ClosedChunk: Sendable {
  package var bytes: [UInt8]
  /// Offsets counted from the chunk's own start.
  package var place: ChunkPlace
  /// Messages by channel.
  package var counts: [UInt16: UInt64]
}
