import RoadBase
import RoadFrame

/// foxglove.CompressedImage and foxglove.RawImage as Protocol Buffers
/// (https://docs.foxglove.dev/docs/sdk/schemas): what surrounds a picture's bytes, which stay as they are.
package enum ImageMessage {
  package static let compressedName = "foxglove.CompressedImage"
  package static let rawName = "foxglove.RawImage"

  /// The message without its last field's bytes, which follow.
  ///
  /// - Parameters:
  ///   - format: "jpeg" or "png".
  ///   - time: nanoseconds of the log's clock.
  package static func compressedHead(format: String, frame: String, time: UInt64, byteCount: Int) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) { timestamp(time, &$0) }
    writer.text(4, frame)
    writer.text(3, format)
    writer.head(2, length: byteCount)
    return writer.bytes
  }

  package static func rawHead(
    encoding: String, size: PictureSize, rowPitch: Int, frame: String, time: UInt64, byteCount: Int
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) { timestamp(time, &$0) }
    writer.text(7, frame)
    writer.fixed32(2, UInt32(size.width))
    writer.fixed32(3, UInt32(size.height))
    writer.text(4, encoding)
    writer.fixed32(5, UInt32(rowPitch))
    writer.head(6, length: byteCount)
    return writer.bytes
  }

  private static func timestamp(_ time: UInt64, _ writer: inout ProtobufWriter) {
    writer.varint(1, time / 1_000_000_000)
    writer.varint(2, time % 1_000_000_000)
  }
}

/// A picture in a recording; its bytes are valid as long as the message's.
struct RecordedImage {
  /// "jpeg", "png", or the encoding of a raw image.
  var format: String
  /// Of raw images only.
  var size: PictureSize?
  var rowPitch = 0
  var bytes: UnsafeRawBufferPointer
  /// Nanoseconds of the log's clock.
  var time: UInt64 = 0

  init(
    format: String, size: PictureSize? = nil, rowPitch: Int = 0, bytes: UnsafeRawBufferPointer, time: UInt64
  ) {
    (self.format, self.size, self.rowPitch) = (format, size, rowPitch)
    (self.bytes, self.time) = (bytes, time)
  }

  /// The message encoding of each schema that holds a picture.
  static let encodings = [
    ImageMessage.compressedName: "protobuf", ImageMessage.rawName: "protobuf", ROS2Message.compressedName: "cdr",
    ROS2Message.rawName: "cdr",
  ]

  /// - Parameter schema: the name of the message's schema.
  init?(_ message: UnsafeRawBufferPointer, schema: String) {
    switch schema {
    case ImageMessage.compressedName: self.init(compressed: message)
    case ImageMessage.rawName: self.init(raw: message)
    case ROS2Message.compressedName: self.init(ros2Compressed: message)
    case ROS2Message.rawName: self.init(ros2Raw: message)
    default: return nil
    }
  }

  private init?(compressed message: UnsafeRawBufferPointer) {
    format = ""
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    var reader = ProtobufReader(message)
    while let (field, value) = reader.next() {
      switch (field, value) {
      case (1, .data(let data)): time = Self.timestamp(data)
      case (2, .data(let data)): bytes = data
      case (3, .data(let data)): format = String(decoding: data.prefix(16), as: UTF8.self)
      default: break
      }
    }
    if format == "jpg" { format = "jpeg" }
    if bytes.isEmpty { return nil }
  }

  private init?(raw message: UnsafeRawBufferPointer) {
    format = ""
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    var (width, height) = (0, 0)
    var reader = ProtobufReader(message)
    while let (field, value) = reader.next() {
      switch (field, value) {
      case (1, .data(let data)): time = Self.timestamp(data)
      case (2, .number(let number)): width = Int(min(number, 1 << 20))
      case (3, .number(let number)): height = Int(min(number, 1 << 20))
      case (4, .data(let data)): format = String(decoding: data.prefix(16), as: UTF8.self)
      case (5, .number(let number)): rowPitch = Int(min(number, 1 << 24))
      case (6, .data(let data)): bytes = data
      default: break
      }
    }
    guard Picture.sides.contains(width), Picture.sides.contains(height) else { return nil }
    size = PictureSize(width: width, height: height)
  }

  private static func timestamp(_ message: UnsafeRawBufferPointer) -> UInt64 {
    var (seconds, nanoseconds): (UInt64, UInt64) = (0, 0)
    var reader = ProtobufReader(message)
    while let (field, value) = reader.next() {
      if case .number(let number) = value {
        if field == 1 { seconds = number }
        if field == 2 { nanoseconds = number }
      }
    }
    return seconds &* 1_000_000_000 &+ nanoseconds
  }
}

extension PixelFormat {
  /// The name of a raw format in foxglove.RawImage. Foxglove itself shows all but the planar ones.
  var rawImageEncoding: String? {
    switch self {
    case .yuyv: "yuyv"
    case .uyvy: "uyvy"
    case .nv12: "nv12"
    case .i420: "i420"
    case .i422: "i422"
    case .i444: "i444"
    case .i411: "i411"
    case .grey: "mono8"
    case .rgbx: "rgba8"
    case .mjpeg, .png: nil
    }
  }

  /// The name of a format that is a file of its own in foxglove.CompressedImage.
  var compressedImageFormat: String? {
    switch self {
    case .mjpeg: "jpeg"
    case .png: "png"
    default: nil
    }
  }

  init?(rawImageEncoding name: String) {
    guard let format = Self.allCases.first(where: { $0.rawImageEncoding == name || $0.ros2Encoding == name })
    else { return nil }
    self = format
  }
}
