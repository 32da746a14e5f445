import RoadBase

/// When a recorder waits until its bytes are on the disk. More often is safer, and wears a memory card out sooner.
public enum SyncPolicy: Hashable, Sendable {
  /// The system decides: after a power cut the last half minute may be missing.
  case none
  /// After each chunk: after a power cut the last chunk may be missing.
  case chunk
  case seconds(UInt64)
}

/// How the pictures of a camera that sends no JPEG are kept.
public enum RawImages: Hashable, Sendable {
  /// Encoded once, small. Masks cannot be computed again from them bit by bit.
  case jpeg(quality: Int)
  /// As they are, large.
  case raw
}

/// What a ``Recorder`` writes, and how.
public struct RecorderOptions: Sendable {
  public var folder: String
  /// Every so many-th frame's picture and mask; 0 for none.
  public var imageStride = 1
  public var maskStride = 1
  /// Every so many-th frame also from above, where the camera is calibrated; 0 for none.
  public var birdsEyeStride = 0
  public var rawImages = RawImages.jpeg(quality: 90)
  /// Masks as raw images, a byte a pixel that is the class, instead of PNGs with the classes' colours.
  public var rawMasks = false
  public var schemas = MessageSchemas.foxglove
  /// Packs chunks that are not JPEG and PNG for the most part.
  public var compresses = false

  /// A chunk is closed when it holds so many bytes or nanoseconds; a crash loses one at most.
  public var chunkBytes = 4 << 20
  public var chunkDuration: UInt64 = 1_000_000_000
  /// A segment is closed when it holds so many bytes or nanoseconds.
  public var segmentBytes: UInt64 = 1 << 30
  public var segmentDuration: UInt64 = 600_000_000_000
  public var sync = SyncPolicy.chunk
  public var retention = RetentionLimits()

  /// Nanoseconds before and after a trigger; nil records all the time.
  public var trigger: TriggerOptions?
  /// Further words about the run that a recording holds: network input size, threads, profile.
  public var metadata: [String: String] = [:]
  /// Further files that a recording holds: calibration, profile.
  public var attachments: [RecordingAttachment] = []

  public init(folder: String) { self.folder = folder }

  /// What a running recorder can change, from others.
  mutating func takeOver(_ others: RecorderOptions) {
    (imageStride, maskStride, compresses) = (others.imageStride, others.maskStride, others.compresses)
    (chunkBytes, chunkDuration) = (others.chunkBytes, others.chunkDuration)
    (segmentBytes, segmentDuration) = (others.segmentBytes, others.segmentDuration)
    (sync, retention) = (others.sync, others.retention)
    if let other = others.trigger {
      trigger?.preRoll = other.preRoll
      trigger?.postRoll = other.postRoll
    }
  }
}

public struct TriggerOptions: Hashable, Sendable {
  public var preRoll: UInt64
  public var postRoll: UInt64
  /// Bytes that may wait for a trigger; beyond them the oldest go.
  public var bytes: Int
  /// A file whose making or change is a trigger.
  public var file: String?

  public init(preRoll: UInt64, postRoll: UInt64, bytes: Int = 256 << 20, file: String? = nil) {
    self.preRoll = preRoll
    self.postRoll = postRoll
    self.bytes = bytes
    self.file = file
  }
}

/// A file to be kept within each segment.
public struct RecordingAttachment: Hashable, Sendable {
  public var name: String
  public var mediaType: String
  public var data: [UInt8]

  public init(name: String, mediaType: String, data: [UInt8]) {
    self.name = name
    self.mediaType = mediaType
    self.data = data
  }
}
