import Foundation
import RoadBase
import RoadFrame

/// Whose message types a recording uses, so that their tools open it without a plug-in.
public enum MessageSchemas: String, CaseIterable, Sendable {
  /// Images as Protocol Buffers, all else as JSON with its schema.
  case foxglove
  /// sensor_msgs, std_msgs and rcl_interfaces as CDR; what is JSON elsewhere is the text of a std_msgs/String.
  case ros2
}

/// How the messages of a recording are written; the same in all segments of a run.
package struct MessageLayout: Hashable, Sendable {
  package var schemas: MessageSchemas
  /// Pictures and masks are raw images, not files of their own.
  package var rawImages: Bool
  package var rawMasks: Bool
  /// Whether there is a topic with the road from above.
  package var birdsEye: Bool

  package init(
    _ schemas: MessageSchemas = .foxglove, rawImages: Bool = false, rawMasks: Bool = false, birdsEye: Bool = false
  ) {
    (self.schemas, self.rawImages, self.rawMasks) = (schemas, rawImages, rawMasks)
    self.birdsEye = birdsEye
  }

  /// What the file's header calls the rules that it keeps (MCAP registry, "Well-known profiles").
  var profile: String { schemas == .ros2 ? "ros2" : "" }

  /// What comes before the bytes of a JPEG or PNG.
  func compressedHead(format: String, frame: String, time: UInt64, byteCount: Int) -> [UInt8] {
    switch schemas {
    case .foxglove: ImageMessage.compressedHead(format: format, frame: frame, time: time, byteCount: byteCount)
    case .ros2: ROS2Message.compressedHead(format: format, frame: frame, time: time, byteCount: byteCount)
    }
  }

  /// What comes before the bytes of a raw image; nil for a format that is a file of its own.
  func rawHead(
    _ format: PixelFormat, size: PictureSize, rowPitch: Int, frame: String, time: UInt64, byteCount: Int
  ) -> [UInt8]? {
    guard let encoding = format.rawImageEncoding else { return nil }
    switch schemas {
    case .foxglove:
      return ImageMessage.rawHead(
        encoding: encoding, size: size, rowPitch: rowPitch, frame: frame, time: time, byteCount: byteCount)
    case .ros2:
      return ROS2Message.rawHead(
        encoding: format.ros2Encoding ?? encoding, size: size, rowPitch: rowPitch, frame: frame, time: time,
        byteCount: byteCount)
    }
  }

  /// A message whose content is JSON.
  func text(_ json: [UInt8]) -> [UInt8] { schemas == .ros2 ? ROS2Message.text(json) : json }

  func log(_ record: LogRecord, _ encoder: JSONEncoder) -> [UInt8] {
    if schemas == .ros2 { return ROS2Message.log(record) }
    // A plain value of our own, which always encodes.
    return (try? encoder.encode(record)).map { Array($0) } ?? []
  }
}

extension PixelFormat {
  /// The name in sensor_msgs/Image where it is another than Foxglove's (sensor_msgs/image_encodings.hpp).
  var ros2Encoding: String? {
    switch self {
    case .yuyv: "yuv422_yuy2"
    case .uyvy: "yuv422"
    default: nil
    }
  }
}
