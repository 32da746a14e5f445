/// The topics of a recording, with their schemas embedded. Their numbers are the same in every file.
public enum RecordingTopic: UInt16, CaseIterable, Sendable {
  /// foxglove.CompressedImage with the bytes that the camera sent, or foxglove.RawImage.
  case image = 1
  /// foxglove.CompressedImage: a paletted PNG whose indices are the classes.
  case mask
  /// ``FrameRecord``.
  case frame
  /// The pipeline's statistics, once a second; the shape of `roadseg live --json`.
  case statistics
  /// ``LogRecord``.
  case log

  public var name: String {
    switch self {
    case .image: "/camera/image"
    case .mask: "/road/mask"
    case .frame: "/road/frame"
    case .statistics: "/roadseg/statistics"
    case .log: "/roadseg/log"
    }
  }
}

package enum RecordingChannels {
  private static let statisticsSchema = """
    {
      "type": "object",
      "title": "roadseg.Statistics",
      "description": "Rates, latencies and the frame ledger; times in milliseconds, rates in frames a second.",
      "properties": {
        "seconds": {"type": "number", "description": "Since the start"},
        "fps": {"type": "object"},
        "latency_ms": {"type": "object"},
        "stages_ms": {"type": "object"},
        "ledger": {"type": "object"},
        "memory_bytes": {"type": "integer"}
      }
    }
    """

  /// - Parameter rawImages: pictures are foxglove.RawImage.
  package static func schemas(rawImages: Bool) -> [MCAPSchema] {
    var schemas = [
      MCAPSchema(
        id: 1, name: ImageMessage.compressedName, encoding: "protobuf", data: ImageSchemas.compressed),
      json(2, "roadseg.Frame", FrameRecord.schema),
      json(3, "roadseg.Statistics", statisticsSchema),
      json(4, LogRecord.schemaName, LogRecord.schema),
    ]
    if rawImages {
      schemas.append(MCAPSchema(id: 5, name: ImageMessage.rawName, encoding: "protobuf", data: ImageSchemas.raw))
    }
    return schemas
  }

  package static func channels(rawImages: Bool) -> [MCAPChannel] {
    [
      channel(.image, schema: rawImages ? 5 : 1, "protobuf"), channel(.mask, schema: 1, "protobuf"),
      channel(.frame, schema: 2, "json"), channel(.statistics, schema: 3, "json"), channel(.log, schema: 4, "json"),
    ]
  }

  private static func json(_ id: UInt16, _ name: String, _ text: String) -> MCAPSchema {
    MCAPSchema(id: id, name: name, encoding: "jsonschema", data: Array(text.utf8))
  }

  private static func channel(_ topic: RecordingTopic, schema: UInt16, _ encoding: String) -> MCAPChannel {
    MCAPChannel(id: topic.rawValue, schemaID: schema, topic: topic.name, messageEncoding: encoding, metadata: [:])
  }
}
