/// The FileDescriptorSets of the image schemas, so that a recording explains itself: readers decode it without any file
/// of ours.
enum ImageSchemas {
  static let compressed = set(
    "CompressedImage",
    [
      Field("timestamp", 1, .timestamp), Field("frame_id", 4, .string), Field("data", 2, .bytes),
      Field("format", 3, .string),
    ])

  static let raw = set(
    "RawImage",
    [
      Field("timestamp", 1, .timestamp), Field("frame_id", 7, .string), Field("width", 2, .fixed32),
      Field("height", 3, .fixed32), Field("encoding", 4, .string), Field("step", 5, .fixed32),
      Field("data", 6, .bytes),
    ])

  /// Numbers of google.protobuf.FieldDescriptorProto.Type.
  private enum Kind: UInt64 {
    case int64 = 3
    case int32 = 5
    case fixed32 = 7
    case string = 9
    case timestamp = 11
    case bytes = 12
  }

  private struct Field {
    var name: String
    var number: Int
    var kind: Kind

    init(_ name: String, _ number: Int, _ kind: Kind) {
      self.name = name
      self.number = number
      self.kind = kind
    }
  }

  private static let timestampFile = "google/protobuf/timestamp.proto"

  private static func set(_ name: String, _ fields: [Field]) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) { file in
      describe(
        &file, name: timestampFile, package: "google.protobuf", dependency: nil, message: "Timestamp",
        [Field("seconds", 1, .int64), Field("nanos", 2, .int32)])
    }
    writer.message(1) { file in
      describe(
        &file, name: "foxglove/\(name).proto", package: "foxglove", dependency: timestampFile, message: name, fields)
    }
    return writer.bytes
  }

  private static func describe(
    _ file: inout ProtobufWriter, name: String, package: String, dependency: String?, message: String,
    _ fields: [Field]
  ) {
    file.text(1, name)
    file.text(2, package)
    if let dependency { file.text(3, dependency) }
    file.message(4) { type in
      type.text(1, message)
      for field in fields {
        type.message(2) { writer in
          writer.text(1, field.name)
          writer.varint(3, UInt64(field.number))
          writer.varint(4, 1)
          writer.varint(5, field.kind.rawValue)
          if field.kind == .timestamp { writer.text(6, ".google.protobuf.Timestamp") }
        }
      }
    }
    file.text(12, "proto3")
  }
}
