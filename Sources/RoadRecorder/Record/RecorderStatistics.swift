/// How a recorder does. Bytes are those given to the file system, in all segments together.
public struct RecorderStatistics: Codable, Hashable, Sendable {
  /// "starting", "recording", "waiting" (for a trigger), "failing", "stopped".
  public var state = "starting"
  /// The running segment.
  public var file: String?
  /// Why it fails.
  public var reason: String?
  public var segments = 0
  public var chunks = 0
  public var images = 0
  public var masks = 0
  public var records = 0
  /// Of pictures and masks, as they came from camera and PNG encoder.
  public var payloadBytes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  public var syncs = 0
  /// Messages that were lost with a chunk which no disk took.
  public var lostMessages = 0
  /// Chunks that no trigger asked for.
  public var discardedChunks = 0
  /// Bytes that wait for a trigger or for the disk.
  public var waitingBytes = 0
  public var triggers = 0
  public var deletedSegments = 0
  public var deletedBytes: UInt64 = 0
  public var recoveredSegments = 0
  public var freeBytes: UInt64?

  enum CodingKeys: String, CodingKey {
    case state, file, reason, segments, chunks, images, masks, records
    case payloadBytes = "payload_bytes"
    case writtenBytes = "written_bytes"
    case syncs
    case lostMessages = "lost_messages"
    case discardedChunks = "discarded_chunks"
    case waitingBytes = "waiting_bytes"
    case triggers
    case deletedSegments = "deleted_segments"
    case deletedBytes = "deleted_bytes"
    case recoveredSegments = "recovered_segments"
    case freeBytes = "free_bytes"
  }

  public init() {}
}
