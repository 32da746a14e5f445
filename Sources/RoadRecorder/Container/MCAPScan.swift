import Glibc
import RoadBase

/// What a file holds, found by walking from record to record: it needs no summary, and so reads files that were never
/// closed.
///
/// Where the walk meets bytes that are no record it searches on for the next whole chunk (which its checksum proves)
/// and notes the range between. Memory is bounded by a small multiple of the file's size, time by a few readings of it.
package struct MCAPScan {
  package enum Item: Hashable, Sendable {
    case chunk(ChunkPlace)
    /// Schema, channel and message records in a row, outside of chunks.
    case loose(Range<UInt64>)
    case attachment(Range<UInt64>)
    case metadata(Range<UInt64>)
  }

  /// Bytes that are of no use.
  package struct Damage: Hashable, Sendable {
    var range: Range<UInt64>
    /// A chunk with a proper beginning and length whose content does not fit its checksum.
    var isFramed: Bool
  }

  package var library = ""
  package var schemas: [UInt16: MCAPSchema] = [:]
  package var channels: [UInt16: MCAPChannel] = [:]
  package var items: [Item] = []
  package var damage: [Damage] = []
  /// Messages by channel, as the message indexes tell; those of unindexed chunks are missing.
  package var indexedMessages: [UInt16: Int] = [:]
  /// Where the data section ends: behind the last whole record of it.
  package var dataEnd: UInt64 = 0
  /// Whether a sound summary and footer end the file.
  package var isFinished = false
  /// Chunks that the summary lists.
  private var indexedChunks = 0

  private let file: ReadableFile
  private let verifies: Bool
  /// Bytes that may still be read for candidates that turn out to be no chunks.
  private var searchBudget: UInt64

  /// - Parameter verifies: also reads each chunk and compares its checksum.
  /// - Throws: `.recording` for what is no MCAP file, or unreadable.
  package init(_ file: ReadableFile, verifies: Bool) throws(RoadError) {
    self.file = file
    self.verifies = verifies
    // Sparse files may be of any size.
    searchBudget = file.size > UInt64.max >> 3 ? .max : 4 * file.size + 1 << 20
    var position = try readBeginning()
    dataEnd = position
    walk: while true {
      switch try step(position) {
      case .next(let next):
        position = next
        dataEnd = next
      case .masked(let next): position = next
      case .end:
        isFinished = try readSummary(from: position)
        break walk
      case .broken:
        guard let next = try nextChunk(after: position) else { break walk }
        damage.append(Damage(range: position..<next, isFramed: false))
        position = next
      }
    }
    let chunks = items.reduce(0) { if case .chunk = $1 { $0 + 1 } else { $0 } }
    if isFinished, indexedChunks != 0, indexedChunks != chunks { isFinished = false }
  }

  /// Bytes behind the last whole record that are no summary.
  package var tornBytes: UInt64 { isFinished ? 0 : file.size - dataEnd }
  package var chunks: [ChunkPlace] { items.compactMap { if case .chunk(let place) = $0 { place } else { nil } } }
}

extension MCAPScan {
  private enum Step {
    case next(UInt64)
    /// Over a damaged chunk.
    case masked(UInt64)
    /// A Data End or Footer record stands here.
    case end
    case broken
  }

  private func readPrefix(_ position: UInt64) throws(RoadError) -> (opcode: UInt8, body: Range<UInt64>)? {
    guard let prefix = try file.peek(MCAP.prefixBytes, at: position) else { return nil }
    let length = UInt64(littleEndian: prefix.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    let start = position + UInt64(MCAP.prefixBytes)
    guard length <= file.size - start else { return nil }
    return (prefix[0], start..<start + length)
  }

  private mutating func readBeginning() throws(RoadError) -> UInt64 {
    guard let magic = try file.peek(MCAP.magic.count, at: 0), magic.elementsEqual(MCAP.magic) else {
      throw RoadError(.recording, "\(file.path): is not an MCAP file", remedy: "name a recording of roadseg (.mcap)")
    }
    guard let (opcode, body) = try readPrefix(UInt64(MCAP.magic.count)), opcode == MCAPOpcode.header,
      body.count <= 1 << 16
    else {
      throw RoadError(
        .recording, "\(file.path): breaks off before its first record", remedy: "nothing can be read from it")
    }
    library = try file.bytes(body).withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      return reader.string() == nil ? "" : reader.string() ?? ""
    }
    return body.upperBound
  }

  private mutating func step(_ position: UInt64) throws(RoadError) -> Step {
    guard let (opcode, body) = try readPrefix(position) else { return .broken }
    let whole = position..<body.upperBound
    switch opcode {
    case MCAPOpcode.chunk: return try addChunk(whole)
    case MCAPOpcode.schema, MCAPOpcode.channel, MCAPOpcode.message:
      guard try addLoose(opcode, body, whole) else { return .broken }
    case MCAPOpcode.messageIndex:
      guard let head = try file.peek(6, at: position + 9), body.count >= 6,
        Int(UInt32(littleEndian: head.loadUnaligned(fromByteOffset: 2, as: UInt32.self))) + 6 == body.count
      else { return .broken }
      addMessageIndex(UInt16(littleEndian: head.loadUnaligned(as: UInt16.self)), whole)
    case MCAPOpcode.attachment:
      guard body.count <= MCAP.largestChunk, try file.bytes(body).withUnsafeBytes({ MCAPAttachment($0) != nil }) else {
        return .broken
      }
      items.append(.attachment(whole))
    case MCAPOpcode.metadata:
      guard body.count <= 1 << 24, try file.bytes(body).withUnsafeBytes({ MCAPMetadata($0) != nil }) else {
        return .broken
      }
      items.append(.metadata(whole))
    case MCAPOpcode.dataEnd, MCAPOpcode.footer: return .end
    case MCAPOpcode.firstPrivate...: break
    default: return .broken
    }
    return .next(body.upperBound)
  }

  private mutating func addChunk(_ whole: Range<UInt64>) throws(RoadError) -> Step {
    guard let place = try chunkPlace(whole) else { return .broken }
    if verifies, try !isSound(place) {
      damage.append(Damage(range: whole, isFramed: true))
      return .masked(whole.upperBound)
    }
    items.append(.chunk(place))
    return .next(whole.upperBound)
  }

  /// The index belongs to the chunk before it, where that is sound.
  private mutating func addMessageIndex(_ channel: UInt16, _ whole: Range<UInt64>) {
    guard case .chunk(var place) = items.last else { return }
    guard place.end + place.messageIndexLength == whole.lowerBound else { return }
    place.messageIndexOffsets[channel] = whole.lowerBound
    indexedMessages[channel, default: 0] += (whole.count - MCAP.prefixBytes - 6) / 16
    place.messageIndexLength += UInt64(whole.count)
    items[items.count - 1] = .chunk(place)
  }

  /// - Returns: false for a record that breaks its own rules.
  private mutating func addLoose(
    _ opcode: UInt8, _ body: Range<UInt64>, _ whole: Range<UInt64>
  ) throws(RoadError) -> Bool {
    guard body.count <= MCAP.largestChunk else { return false }
    if opcode == MCAPOpcode.message {
      guard body.count >= 22 else { return false }
    } else {
      guard body.count <= 1 << 24, take(opcode, try file.bytes(body)) else { return false }
    }
    if case .loose(let range) = items.last, range.upperBound == whole.lowerBound,
      whole.upperBound - range.lowerBound <= 1 << 24
    {
      items[items.count - 1] = .loose(range.lowerBound..<whole.upperBound)
    } else {
      items.append(.loose(whole))
    }
    return true
  }

  /// Keeps a schema or channel record; the first of an id counts.
  private mutating func take(_ opcode: UInt8, _ body: [UInt8]) -> Bool {
    body.withUnsafeBytes { body in
      if opcode == MCAPOpcode.schema {
        guard let schema = MCAPSchema(body) else { return false }
        schemas[schema.id] = schemas[schema.id] ?? schema
      } else {
        guard let channel = MCAPChannel(body) else { return false }
        channels[channel.id] = channels[channel.id] ?? channel
      }
      return true
    }
  }
}

// MARK: - Chunks

extension MCAPScan {
  /// Bytes of a chunk record before the name of its compression.
  private static let chunkHead = 32
  private static let longestCompressionName = 16

  /// The chunk that begins here, if its lengths fit each other.
  private func chunkPlace(_ whole: Range<UInt64>) throws(RoadError) -> ChunkPlace? {
    let start = whole.lowerBound + UInt64(MCAP.prefixBytes)
    let available = min(Self.chunkHead + Self.longestCompressionName + 8, Int(whole.upperBound - start))
    guard let head = try file.peek(available, at: start) else { return nil }
    var reader = ByteReader(head)
    guard let first = reader.u64(), let last = reader.u64(), let size = reader.u64(), let crc = reader.u32(),
      let compression = reader.string(), let packed = reader.u64(),
      packed <= UInt64(MCAP.largestChunk), size <= UInt64(MCAP.largestChunk),
      UInt64(reader.offset) + packed == whole.upperBound - start
    else { return nil }
    return ChunkPlace(
      startTime: first, endTime: last, offset: whole.lowerBound, length: UInt64(whole.count), compression: compression,
      compressedSize: packed, uncompressedSize: size, uncompressedCRC: crc)
  }

  private func isSound(_ place: ChunkPlace) throws(RoadError) -> Bool {
    let packed = try file.bytes(place.recordsOffset..<place.end)
    return packed.withUnsafeBytes { packed in
      if place.compression.isEmpty {
        return place.uncompressedSize == UInt64(packed.count)
          && (place.uncompressedCRC == 0 || CRC32.of(packed) == place.uncompressedCRC)
      }
      guard let bytes = ChunkPacking.unpack(packed, place.compression, size: Int(place.uncompressedSize)) else {
        return false
      }
      return place.uncompressedCRC == 0 || bytes.withUnsafeBytes { CRC32.of($0) } == place.uncompressedCRC
    }
  }

  /// The place of the next chunk whose checksum is right, far enough to make what lies before it a record of its own.
  private mutating func nextChunk(after position: UInt64) throws(RoadError) -> UInt64? {
    let window = 1 << 16
    var start = position + UInt64(MCAP.prefixBytes)
    while start < file.size {
      let count = Int(min(UInt64(window), file.size - start))
      let bytes = try file.bytes(start..<start + UInt64(count))
      for index in bytes.indices where bytes[index] == MCAPOpcode.chunk {
        let candidate = start + UInt64(index)
        guard let (_, body) = try readPrefix(candidate), let place = try chunkPlace(candidate..<body.upperBound),
          place.uncompressedCRC != 0
        else { continue }
        let cost = place.length + place.uncompressedSize
        guard cost <= searchBudget else { return nil }
        if try isSound(place) { return candidate }
        searchBudget -= cost
      }
      start += UInt64(count)
    }
    return nil
  }
}

// MARK: - Summary

extension MCAPScan {
  /// - Parameter position: of the Data End (or Footer) record.
  /// - Returns: whether all from there to the end of the file is as it must be.
  private mutating func readSummary(from position: UInt64) throws(RoadError) -> Bool {
    var position = position
    while let (opcode, body) = try readPrefix(position) {
      switch opcode {
      case MCAPOpcode.schema, MCAPOpcode.channel:
        guard body.count <= 1 << 24, take(opcode, try file.bytes(body)) else { return false }
      case MCAPOpcode.chunkIndex: indexedChunks += 1
      case MCAPOpcode.footer: return try isSoundFooter(body)
      case MCAPOpcode.message, MCAPOpcode.chunk, 0: return false
      default: break
      }
      position = body.upperBound
    }
    return false
  }

  private func isSoundFooter(_ body: Range<UInt64>) throws(RoadError) -> Bool {
    guard body.count == 20, let footer = try file.peek(20, at: body.lowerBound) else { return false }
    var reader = ByteReader(footer)
    guard let start = reader.u64(), reader.u64() != nil, let crc = reader.u32() else { return false }
    let covered = body.upperBound - 4
    if crc != 0, start != 0 {
      guard start <= covered, covered - start <= UInt64(MCAP.largestChunk),
        try file.bytes(start..<covered).withUnsafeBytes({ CRC32.of($0) }) == crc
      else { return false }
    }
    guard body.upperBound + UInt64(MCAP.magic.count) == file.size else { return false }
    return try file.peek(MCAP.magic.count, at: body.upperBound)?.elementsEqual(MCAP.magic) ?? false
  }
}
