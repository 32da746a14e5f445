/// Kinds of MCAP records (specification: https://mcap.dev/spec, "Records").
enum MCAPOpcode {
  static let header: UInt8 = 0x01
  static let footer: UInt8 = 0x02
  static let schema: UInt8 = 0x03
  static let channel: UInt8 = 0x04
  static let message: UInt8 = 0x05
  static let chunk: UInt8 = 0x06
  static let messageIndex: UInt8 = 0x07
  static let chunkIndex: UInt8 = 0x08
  static let attachment: UInt8 = 0x09
  static let attachmentIndex: UInt8 = 0x0A
  static let statistics: UInt8 = 0x0B
  static let metadata: UInt8 = 0x0C
  static let metadataIndex: UInt8 = 0x0D
  static let summaryOffset: UInt8 = 0x0E
  static let dataEnd: UInt8 = 0x0F
  /// From here on applications have their own; readers skip them. ``MCAPRecovery`` makes damaged ranges such records.
  static let firstPrivate: UInt8 = 0x80
}

package enum MCAP {
  package static let magic: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A]
  /// Opcode and length of a record.
  package static let prefixBytes = 9
  /// Bytes of a footer record, prefix included.
  package static let footerBytes = 29
  /// The largest chunk, packed or not, that is taken into memory: a hundred times what roadseg writes.
  package static let largestChunk = 1 << 28
}

/// What the messages of some channels look like.
public struct MCAPSchema: Hashable, Sendable {
  /// Not 0.
  public var id: UInt16
  public var name: String
  /// "protobuf" (the data is a FileDescriptorSet) or "jsonschema".
  public var encoding: String
  public var data: [UInt8]
}

/// A stream of messages under one topic.
public struct MCAPChannel: Hashable, Sendable {
  public var id: UInt16
  /// 0 for none.
  public var schemaID: UInt16
  public var topic: String
  /// "protobuf" or "json".
  public var messageEncoding: String
  public var metadata: [String: String]
}

/// Text pairs under one name.
public struct MCAPMetadata: Hashable, Sendable {
  public var name: String
  public var pairs: [String: String]

  package init(name: String, pairs: [String: String]) { (self.name, self.pairs) = (name, pairs) }
}

/// A file within the file.
public struct MCAPAttachment: Hashable, Sendable {
  public var name: String
  public var mediaType: String
  public var data: [UInt8]

  package init(name: String, mediaType: String, data: [UInt8]) {
    (self.name, self.mediaType, self.data) = (name, mediaType, data)
  }
}

/// Where a chunk lies and what it holds; as a Chunk Index record tells it.
package struct ChunkPlace: Hashable, Sendable {
  package var startTime: UInt64
  package var endTime: UInt64
  /// Of the chunk record in the file, prefix included.
  package var offset: UInt64
  package var length: UInt64
  /// Message index records: their places in the file, by channel.
  package var messageIndexOffsets: [UInt16: UInt64] = [:]
  package var messageIndexLength: UInt64 = 0
  package var compression: String
  package var compressedSize: UInt64
  package var uncompressedSize: UInt64
  package var uncompressedCRC: UInt32

  /// Of the packed records in the file.
  package var recordsOffset: UInt64 { offset + length - compressedSize }
  package var end: UInt64 { offset + length }
}
