import RoadBase
import RoadFrame

/// The message types of ROS 2 that a recording uses (https://github.com/ros2/common_interfaces): what surrounds a
/// picture's bytes, and whole messages for text.
enum ROS2Message {
  static let compressedName = "sensor_msgs/msg/CompressedImage"
  static let rawName = "sensor_msgs/msg/Image"
  static let textName = "std_msgs/msg/String"
  static let logName = "rcl_interfaces/msg/Log"

  /// The message without its last field's bytes, which follow.
  ///
  /// - Parameter time: nanoseconds of the log's clock.
  static func compressedHead(format: String, frame: String, time: UInt64, byteCount: Int) -> [UInt8] {
    var writer = CDRWriter()
    header(time, frame, &writer)
    writer.put(format)
    writer.put(UInt32(byteCount))
    return writer.bytes
  }

  static func rawHead(
    encoding: String, size: PictureSize, rowPitch: Int, frame: String, time: UInt64, byteCount: Int
  ) -> [UInt8] {
    var writer = CDRWriter()
    header(time, frame, &writer)
    writer.put(UInt32(size.height))
    writer.put(UInt32(size.width))
    writer.put(encoding)
    let isBigEndian: UInt8 = 0
    writer.put(isBigEndian)
    writer.put(UInt32(rowPitch))
    writer.put(UInt32(byteCount))
    return writer.bytes
  }

  static func text(_ text: some Collection<UInt8>) -> [UInt8] {
    var writer = CDRWriter()
    writer.put(text: text)
    return writer.bytes
  }

  static func log(_ record: LogRecord) -> [UInt8] {
    var writer = CDRWriter()
    writer.put(UInt32(truncatingIfNeeded: record.timestamp.sec))
    writer.put(UInt32(truncatingIfNeeded: record.timestamp.nsec))
    writer.put(UInt8(10 * record.level.rawValue))
    writer.put(record.name)
    writer.put(record.message)
    // No file, function and line: the words are the program's, not the code's.
    writer.put("")
    writer.put("")
    writer.put(UInt32(0))
    return writer.bytes
  }

  /// Seconds are 32 bits with a sign in ROS 2: until 2038.
  private static func header(_ time: UInt64, _ frame: String, _ writer: inout CDRWriter) {
    writer.put(UInt32(truncatingIfNeeded: time / 1_000_000_000))
    writer.put(UInt32(time % 1_000_000_000))
    writer.put(frame)
  }
}

extension ROS2Message {
  static func readLog(_ message: UnsafeRawBufferPointer) -> LogRecord? {
    guard var reader = CDRReader(message), let seconds = reader.number(UInt32.self),
      let nanoseconds = reader.number(UInt32.self), let level = reader.number(UInt8.self),
      let name = reader.text(), let text = reader.text()
    else { return nil }
    return LogRecord(
      timestamp: .init(sec: UInt64(seconds), nsec: UInt64(nanoseconds)),
      level: LogRecord.Level(rawValue: Int(level) / 10) ?? .info, message: String(decoding: text, as: UTF8.self),
      name: String(decoding: name, as: UTF8.self))
  }

  static func readText(_ message: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard var reader = CDRReader(message) else { return nil }
    return reader.text()
  }
}

extension RecordedImage {
  init?(ros2Compressed message: UnsafeRawBufferPointer) {
    guard var reader = CDRReader(message), let time = Self.time(&reader), let format = reader.text(),
      let data = reader.byteSequence(), !data.isEmpty
    else { return nil }
    // Other writers tell more: "bgr8; jpeg compressed bgr8".
    let words = String(decoding: format.prefix(64), as: UTF8.self)
    let known = ["jpeg", "png"].first(where: words.contains) ?? (words.contains("jpg") ? "jpeg" : words)
    self.init(format: known, bytes: data, time: time)
  }

  init?(ros2Raw message: UnsafeRawBufferPointer) {
    guard var reader = CDRReader(message), let time = Self.time(&reader), let height = reader.number(UInt32.self),
      let width = reader.number(UInt32.self), let encoding = reader.text(), reader.number(UInt8.self) != nil,
      let rowPitch = reader.number(UInt32.self), let data = reader.byteSequence(),
      Picture.sides.contains(Int(width)), Picture.sides.contains(Int(height))
    else { return nil }
    self.init(
      format: String(decoding: encoding.prefix(16), as: UTF8.self),
      size: PictureSize(width: Int(width), height: Int(height)), rowPitch: Int(min(rowPitch, 1 << 24)), bytes: data,
      time: time)
  }

  private static func time(_ reader: inout CDRReader) -> UInt64? {
    guard let seconds = reader.number(UInt32.self), let nanoseconds = reader.number(UInt32.self),
      reader.text() != nil
    else { return nil }
    return UInt64(seconds) * 1_000_000_000 + UInt64(nanoseconds)
  }
}

/// The definitions that a recording embeds, so that readers need no installed ROS 2.
enum ROS2Schemas {
  static let compressed = definition(["std_msgs/Header header", "string format", "uint8[] data"], [header, time])

  static let raw = definition(
    [
      "std_msgs/Header header", "uint32 height", "uint32 width", "string encoding", "uint8 is_bigendian",
      "uint32 step", "uint8[] data",
    ], [header, time])

  static let text = definition(["string data"], [])

  static let log = definition(
    [
      "byte DEBUG=10", "byte INFO=20", "byte WARN=30", "byte ERROR=40", "byte FATAL=50",
      "builtin_interfaces/Time stamp", "uint8 level", "string name", "string msg", "string file", "string function",
      "uint32 line",
    ], [time])

  private typealias Part = (name: String, fields: [String])
  private static let header: Part = ("std_msgs/Header", ["builtin_interfaces/Time stamp", "string frame_id"])
  private static let time: Part = ("builtin_interfaces/Time", ["int32 sec", "uint32 nanosec"])

  /// Fields, then the types that they use, each behind a line of 80 signs (MCAP registry, "ros2msg").
  private static func definition(_ fields: [String], _ parts: [Part]) -> [UInt8] {
    var lines = fields
    for part in parts { lines += [String(repeating: "=", count: 80), "MSG: \(part.name)"] + part.fields }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}
