import RoadBase

/// One message; its data are valid until the next one is asked for.
struct MCAPMessage {
  var channel: UInt16
  var sequence: UInt32
  var logTime: UInt64
  var publishTime: UInt64
  var data: UnsafeRawBufferPointer
}

/// The messages of a scanned file, chunk by chunk, in the order of the file. One thread uses it at a time.
final class MCAPContents {
  let file: ReadableFile
  /// Of the data section and the summary; further ones are added as chunks are read.
  private(set) var schemas: [UInt16: MCAPSchema]
  private(set) var channels: [UInt16: MCAPChannel]
  let items: [MCAPScan.Item]
  /// Chunks that did not fit their checksum or could not be unpacked.
  private(set) var unreadableChunks = 0

  private var nextItem = 0
  /// Holds the largest chunk; filled again and again.
  private var buffer: UnsafeMutableRawBufferPointer
  private var reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))

  init(_ file: ReadableFile, _ scan: MCAPScan) throws(RoadError) {
    self.file = file
    schemas = scan.schemas
    channels = scan.channels
    items = scan.items
    let largest = scan.items.map(Self.neededBytes).max() ?? 0
    buffer = .allocate(byteCount: max(largest, 1), alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Packed and unpacked chunk lie behind each other.
  private static func neededBytes(_ item: MCAPScan.Item) -> Int {
    switch item {
    case .chunk(let place): place.compression.isEmpty ? Int(place.compressedSize) : Int(place.uncompressedSize)
    case .loose(let range): range.count
    case .attachment, .metadata: 0
    }
  }

  func rewind() {
    nextItem = 0
    reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The next message of a known channel; nil at the end. Unreadable chunks are counted and passed over.
  func next() throws(RoadError) -> MCAPMessage? {
    while true {
      if let message = nextInBuffer() { return message }
      guard nextItem < items.count else { return nil }
      nextItem += 1
      try load(items[nextItem - 1])
    }
  }

  /// Passes over all before the first chunk that ends at `time` or later.
  func skip(to time: UInt64) {
    while nextItem < items.count {
      guard case .chunk(let place) = items[nextItem], place.endTime < time else { return }
      nextItem += 1
    }
  }

  private func nextInBuffer() -> MCAPMessage? {
    while let (opcode, body) = reader.record() {
      switch opcode {
      case MCAPOpcode.message:
        var reader = ByteReader(body)
        guard let channel = reader.u16(), let sequence = reader.u32(), let logTime = reader.u64(),
          let publishTime = reader.u64(), channels[channel] != nil, let data = reader.take(reader.remaining)
        else { continue }
        return MCAPMessage(
          channel: channel, sequence: sequence, logTime: logTime, publishTime: publishTime, data: data)
      case MCAPOpcode.schema:
        if let schema = MCAPSchema(body), schemas[schema.id] == nil { schemas[schema.id] = schema }
      case MCAPOpcode.channel:
        if let channel = MCAPChannel(body), channels[channel.id] == nil { channels[channel.id] = channel }
      default: continue
      }
    }
    return nil
  }

  private func load(_ item: MCAPScan.Item) throws(RoadError) {
    reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
    switch item {
    case .attachment, .metadata: return
    case .loose(let range):
      let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count])
      try file.read(target, at: range.lowerBound)
      reader = ByteReader(UnsafeRawBufferPointer(target))
    case .chunk(let place):
      guard let records = try unpacked(place),
        place.uncompressedCRC == 0 || CRC32.of(records) == place.uncompressedCRC
      else {
        unreadableChunks += 1
        return
      }
      reader = ByteReader(records)
    }
  }

  private func unpacked(_ place: ChunkPlace) throws(RoadError) -> UnsafeRawBufferPointer? {
    if place.compression.isEmpty {
      let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(place.compressedSize)])
      try file.read(target, at: place.recordsOffset)
      return UnsafeRawBufferPointer(target)
    }
    let packed = try file.bytes(place.recordsOffset..<place.end)
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(place.uncompressedSize)])
    let isWhole = packed.withUnsafeBytes { ChunkPacking.unpack($0, place.compression, into: target) }
    return isWhole ? UnsafeRawBufferPointer(target) : nil
  }
}

extension MCAPContents {
  func metadata() throws(RoadError) -> [MCAPMetadata] {
    var found: [MCAPMetadata] = []
    for case .metadata(let range) in items {
      let bytes = try file.bytes((range.lowerBound + UInt64(MCAP.prefixBytes))..<range.upperBound)
      if let entry = bytes.withUnsafeBytes({ MCAPMetadata($0) }) { found.append(entry) }
    }
    return found
  }

  func attachments() throws(RoadError) -> [MCAPAttachment] {
    var found: [MCAPAttachment] = []
    for case .attachment(let range) in items {
      let bytes = try file.bytes((range.lowerBound + UInt64(MCAP.prefixBytes))..<range.upperBound)
      if let entry = bytes.withUnsafeBytes({ MCAPAttachment($0) }) { found.append(entry) }
    }
    return found
  }

  /// What a summary of this file says.
  ///
  /// - Returns: the number of messages.
  func summarize(into summary: inout MCAPSummary) throws(RoadError) -> UInt64 {
    for item in items {
      switch item {
      case .chunk(let place): summary.add(place, counts: try count(item) { _ in })
      case .loose:
        let counts = try count(item) { summary.add(time: $0.logTime, $0.logTime) }
        summary.counts.merge(counts) { $0 &+ $1 }
      case .attachment(let range): try add(attachment: range, to: &summary)
      case .metadata(let range):
        let bytes = try file.bytes((range.lowerBound + UInt64(MCAP.prefixBytes))..<range.upperBound)
        let name = bytes.withUnsafeBytes { MCAPMetadata($0)?.name } ?? ""
        summary.metadata.append(.init(offset: range.lowerBound, length: UInt64(range.count), name: name))
      }
    }
    summary.schemas = schemas.values.sorted { $0.id < $1.id }
    summary.channels = channels.values.sorted { $0.id < $1.id }
    return summary.counts.values.reduce(0, &+)
  }

  private func count(
    _ item: MCAPScan.Item, _ body: (MCAPMessage) -> Void
  ) throws(RoadError) -> [UInt16: UInt64] {
    var counts: [UInt16: UInt64] = [:]
    try load(item)
    while let message = nextInBuffer() {
      counts[message.channel, default: 0] += 1
      body(message)
    }
    return counts
  }

  private func add(attachment range: Range<UInt64>, to summary: inout MCAPSummary) throws(RoadError) {
    let bytes = try file.bytes((range.lowerBound + UInt64(MCAP.prefixBytes))..<range.upperBound)
    bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      guard let logTime = reader.u64(), let createTime = reader.u64(), let name = reader.string(),
        let mediaType = reader.string(), let size = reader.u64()
      else { return }
      summary.attachments.append(
        .init(
          offset: range.lowerBound, length: UInt64(range.count), logTime: logTime, createTime: createTime,
          dataSize: size, name: name, mediaType: mediaType))
    }
  }
}
