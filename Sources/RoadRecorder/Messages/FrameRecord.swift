import RoadBase
import RoadSink
import RoadTelemetry

/// What is known of one frame number: one JSON object on `/road/frame`.
public struct FrameRecord: Codable, Hashable, Sendable {
  /// How many frame numbers the source had used before this one; the sequence number of the frame's messages on all
  /// topics.
  public var ordinal: Int
  /// Frame numbers in a row that this record stands for; more than 1 only for long gaps.
  public var count: Int
  /// The ledger's bin: "shown", "superseded", "lost_in_driver", …
  public var fate: String
  /// The driver's number, or the place in folder or stream; nil for a frame that never came.
  public var sequence: UInt64?
  /// Nanoseconds of the monotonic clock.
  public var kernelNs: UInt64?
  /// Which event `kernelNs` tells: "startOfExposure", "endOfFrame" or "arrival".
  public var clock: String?
  /// Milliseconds of each stage that the frame came to.
  public var stagesMs: [String: Double]
  /// From capture to the painted picture.
  public var latencyMs: Double?
  /// XXH64 of the class map's bytes, row by row; nil for a frame without a mask.
  public var maskHash: String?
  /// Share of the pixels that are road, 0...1.
  public var roadShare: Double?
  /// What a calibrated camera measured on the class map; nil without one.
  public var metres: MetresJSON?
  /// How well the picture could be seen, and how sure the network was of the road; nil for a frame without a mask.
  public var picture: FrameHealthJSON?
  /// Whether picture and mask of the frame are in the recording.
  public var hasImage: Bool
  public var hasMask: Bool
  /// How the bytes of a raw image mean colours: "bt601", …; nil for JPEG.
  public var yuvEncoding: String?
  /// Fates of earlier frames that could not be recorded, by bin: so that the ledger adds up after an outage.
  public var missed: [String: Int]?

  package init(
    ordinal: Int, count: Int, fate: String, sequence: UInt64?, kernelNs: UInt64?, clock: String?,
    stagesMs: [String: Double], hasImage: Bool, hasMask: Bool
  ) {
    (self.ordinal, self.count, self.fate, self.sequence) = (ordinal, count, fate, sequence)
    (self.kernelNs, self.clock, self.stagesMs) = (kernelNs, clock, stagesMs)
    (self.hasImage, self.hasMask) = (hasImage, hasMask)
  }

  enum CodingKeys: String, CodingKey {
    case ordinal, count, fate, sequence
    case kernelNs = "kernel_ns"
    case clock
    case stagesMs = "stages_ms"
    case latencyMs = "latency_ms"
    case maskHash = "mask_hash"
    case roadShare = "road_share"
    case metres, picture
    case hasImage = "has_image"
    case hasMask = "has_mask"
    case yuvEncoding = "yuv_encoding"
    case missed
  }

  static let schema = """
    {
      "type": "object",
      "title": "roadseg.Frame",
      "description": "What is known of one frame number of the camera.",
      "properties": {
        "ordinal": {"type": "integer", "minimum": 0,
          "description": "Frame numbers used before this one; the sequence number of its messages"},
        "count": {"type": "integer", "minimum": 1, "description": "Frame numbers in a row that this record stands for"},
        "fate": {"type": "string", "description": "The bin of the frame ledger",
          "enum": [\(FrameFate.allCases.map { "\"\($0.key)\"" }.joined(separator: ", "))]},
        "sequence": {"type": "integer", "description": "The driver's number, or the place in folder or stream"},
        "kernel_ns": {"type": "integer", "description": "Time of the frame by the monotonic clock, nanoseconds"},
        "clock": {"type": "string", "enum": ["startOfExposure", "endOfFrame", "arrival"]},
        "stages_ms": {"type": "object", "additionalProperties": {"type": "number"},
          "description": "Milliseconds in each stage"},
        "latency_ms": {"type": "number", "description": "From capture to the painted picture"},
        "mask_hash": {"type": "string", "pattern": "^[0-9a-f]{16}$",
          "description": "XXH64 of the class map, row by row"},
        "road_share": {"type": "number", "minimum": 0, "maximum": 1,
          "description": "Share of the pixels that are road"},
        "metres": {"type": "object", "properties": {
          "ahead_m": {"type": ["number", "null"], "description": "Free road straight ahead, metres"},
          "width_m": {"type": ["number", "null"], "description": "Width of the road, metres"},
          "offset_m": {"type": ["number", "null"],
            "description": "Of the camera from the middle of the road, positive to the right, metres"},
          "nod_degrees": {"type": ["number", "null"],
            "description": "How far the camera looks down more than it was calibrated to; all is corrected by it"},
          "directions": {"type": "array", "items": {"type": "object", "properties": {
            "degrees": {"type": "number", "description": "From straight ahead, positive to the right"},
            "free_m": {"type": ["number", "null"], "description": "Free road along it, metres"},
            "end": {"type": "string", "enum": ["blocked", "open", "unseen"]}}}},
          "free_space": {"type": "object", "description": "One polygon", "properties": {
            "pixels": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}},
              "description": "Column and row"},
            "metres": {"type": "array", "items": {"type": "array", "items": {"type": "number"}},
              "description": "To the right and ahead"}}}}},
        "picture": {"type": "object", "properties": {
          "health": {"type": "string", "enum": ["good", "dark", "glare", "blurred", "dirty"]},
          "luma": {"type": "integer", "minimum": 0, "maximum": 255},
          "sharpness": {"type": ["integer", "null"], "description": "Null without edges to tell it by"},
          "glare": {"type": "number", "description": "Share of the picture's lower part"},
          "dirt": {"type": ["number", "null"],
            "description": "Share of the picture; null as long as nobody can tell"},
          "road_confidence": {"type": ["number", "null"],
            "description": "Steps of the scores, 0 to 255; null without road"}}},
        "has_image": {"type": "boolean"},
        "has_mask": {"type": "boolean"},
        "yuv_encoding": {"type": "string", "description": "What the bytes of a raw image mean"},
        "missed": {"type": "object", "additionalProperties": {"type": "integer"},
          "description": "Earlier frames that could not be recorded, by fate"}
      },
      "required": ["ordinal", "count", "fate", "stages_ms", "has_image", "has_mask"]
    }
    """
}

/// One line of the program's log: a JSON object on `/roadseg/log`, in the form of foxglove.Log.
public struct LogRecord: Codable, Hashable, Sendable {
  public enum Level: Int, Codable, Sendable {
    case debug = 1
    case info, warning, error
  }

  public struct Timestamp: Codable, Hashable, Sendable {
    public var sec: UInt64
    public var nsec: UInt64

    package init(sec: UInt64, nsec: UInt64) { (self.sec, self.nsec) = (sec, nsec) }
  }

  public var timestamp: Timestamp
  public var level: Level
  public var message: String
  public var name: String

  package init(timestamp: Timestamp, level: Level, message: String, name: String) {
    (self.timestamp, self.level, self.message, self.name) = (timestamp, level, message, name)
  }

  static let schemaName = "foxglove.Log"
  static let schema = """
    {
      "type": "object",
      "title": "foxglove.Log",
      "properties": {
        "timestamp": {"type": "object", "title": "time",
          "properties": {"sec": {"type": "integer", "minimum": 0},
            "nsec": {"type": "integer", "minimum": 0, "maximum": 999999999}}},
        "level": {"type": "integer",
          "description": "1 debug, 2 info, 3 warning, 4 error, 5 fatal", "minimum": 0, "maximum": 5},
        "message": {"type": "string"},
        "name": {"type": "string"}
      },
      "required": ["timestamp", "level", "message", "name"]
    }
    """
}
