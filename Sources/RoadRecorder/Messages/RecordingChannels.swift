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
  /// foxglove.CompressedImage: the road from above. Only where that was asked for.
  case birdsEye

  public var name: String {
    switch self {
    case .image: "/camera/image"
    case .mask: "/road/mask"
    case .frame: "/road/frame"
    case .statistics: "/roadseg/statistics"
    case .log: "/roadseg/log"
    case .birdsEye: "/road/birdseye"
    }
  }

  /// What image_transport of ROS 2 adds to the name of a topic with compressed images.
  static let compressedSuffix = "/compressed"

  /// - Parameter name: as a file has it, of either kind of message types.
  package init?(named name: String) {
    let base = name.hasSuffix(Self.compressedSuffix) ? String(name.dropLast(Self.compressedSuffix.count)) : name
    guard let topic = Self.allCases.first(where: { $0.name == base }) else { return nil }
    self = topic
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

  package static func schemas(_ layout: MessageLayout) -> [MCAPSchema] {
    var schemas: [MCAPSchema]
    switch layout.schemas {
    case .foxglove:
      schemas = [
        MCAPSchema(id: 1, name: ImageMessage.compressedName, encoding: "protobuf", data: ImageSchemas.compressed),
        json(2, "roadseg.Frame", FrameRecord.schema), json(3, "roadseg.Statistics", statisticsSchema),
        json(4, LogRecord.schemaName, LogRecord.schema),
        MCAPSchema(id: 5, name: ImageMessage.rawName, encoding: "protobuf", data: ImageSchemas.raw),
      ]
    case .ros2:
      schemas = [
        ros2(1, ROS2Message.compressedName, ROS2Schemas.compressed), ros2(2, ROS2Message.textName, ROS2Schemas.text),
        ros2(4, ROS2Message.logName, ROS2Schemas.log), ros2(5, ROS2Message.rawName, ROS2Schemas.raw),
      ]
    }
    let used = Set(channels(layout).map(\.schemaID))
    schemas.removeAll { !used.contains($0.id) }
    return schemas
  }

  package static func channels(_ layout: MessageLayout) -> [MCAPChannel] {
    let isROS = layout.schemas == .ros2
    func image(_ topic: RecordingTopic, isRaw: Bool) -> MCAPChannel {
      channel(
        topic.rawValue, schema: isRaw ? 5 : 1,
        topic.name + (isROS && !isRaw ? RecordingTopic.compressedSuffix : ""), isROS ? "cdr" : "protobuf")
    }
    func text(_ topic: RecordingTopic, schema: UInt16) -> MCAPChannel {
      channel(topic.rawValue, schema: schema, topic.name, isROS ? "cdr" : "json")
    }
    return [
      image(.image, isRaw: layout.rawImages), image(.mask, isRaw: layout.rawMasks), text(.frame, schema: 2),
      text(.statistics, schema: isROS ? 2 : 3), text(.log, schema: 4),
    ] + (layout.birdsEye ? [image(.birdsEye, isRaw: false)] : [])
  }

  private static func json(_ id: UInt16, _ name: String, _ text: String) -> MCAPSchema {
    MCAPSchema(id: id, name: name, encoding: "jsonschema", data: Array(text.utf8))
  }

  private static func ros2(_ id: UInt16, _ name: String, _ definition: [UInt8]) -> MCAPSchema {
    MCAPSchema(id: id, name: name, encoding: "ros2msg", data: definition)
  }

  private static func channel(_ id: UInt16, schema: UInt16, _ topic: String, _ encoding: String) -> MCAPChannel {
    MCAPChannel(id: id, schemaID: schema, topic: topic, messageEncoding: encoding, metadata: [:])
  }
}
