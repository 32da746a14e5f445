import Foundation
import Glibc
import RoadBase
import RoadFrame
import RoadRecorder
import Testing

/// Small recordings whose every byte is known.
enum SampleRecording {
  struct Written {
    var chunks: Int
    /// Where each chunk (with its indexes) begins, and where the last one ends.
    var chunkEnds: [UInt64]
    var bytes: UInt64
  }

  static let classes: [UInt8] = Array("index\tname\tr\n".utf8.dropLast())

  /// 16 x 8 pixels YUYV.
  static func picture(_ ordinal: Int) -> [UInt8] {
    (0..<256).map { UInt8(truncatingIfNeeded: ($0 * 7 + ordinal * 13) ^ ($0 >> 3)) }
  }

  /// `framesInChunk` frames a chunk: a picture, a mask that is a real PNG, and a record each.
  @discardableResult
  static func write(
    to path: String, frames: Int, framesInChunk: Int = 10, compresses: Bool = false, finishes: Bool = true
  ) throws -> Written {
    let file = try SegmentFile(temporary: path, reserving: 0)
    var writer = try MCAPWriter(
      file, layout: MessageLayout(rawImages: true), library: "test",
      metadata: [MCAPMetadata(name: "roadseg", pairs: ["model": "sample", "run": "r"])],
      attachments: [MCAPAttachment(name: "classes.tsv", mediaType: "text/plain", data: classes)], time: start)
    var builder = ChunkBuilder()
    let compressor = compresses ? try ZstdCompressor() : nil
    var ends: [UInt64] = [writer.position]
    for ordinal in 0..<frames {
      try append(ordinal, to: &builder)
      if ordinal == frames - 1 { append(log: "done", to: &builder) }
      if ordinal % framesInChunk == framesInChunk - 1 || ordinal == frames - 1 {
        try writer.append(builder.close(compressor))
        ends.append(writer.position)
      }
    }
    if finishes { try writer.finish() }
    return Written(chunks: ends.count - 1, chunkEnds: ends, bytes: writer.output.bytes)
  }

  static let start: UInt64 = 1_764_000_000_000_000_000
  private static let png: [UInt8] = {
    let values = [UInt8](repeating: 1, count: 128)
    let palette = [PNG.RGB(red: 1, green: 2, blue: 3), PNG.RGB(red: 4, green: 5, blue: 6)]
    return (try? PNG.paletted(values, size: PictureSize(width: 16, height: 8), palette: palette)) ?? []
  }()

  private static func append(_ ordinal: Int, to builder: inout ChunkBuilder) throws {
    let time = start + UInt64(ordinal) * 33_000_000
    let picture = picture(ordinal)
    picture.withUnsafeBytes { bytes in
      let head = ImageMessage.rawHead(
        encoding: "yuyv", size: PictureSize(width: 16, height: 8), rowPitch: 32, frame: "camera", time: time,
        byteCount: bytes.count)
      builder.append(
        channel: 1, sequence: UInt32(ordinal), logTime: time, publishTime: time, head: head, data: bytes,
        isPacked: false)
    }
    png.withUnsafeBytes { bytes in
      let head = ImageMessage.compressedHead(format: "png", frame: "camera", time: time, byteCount: bytes.count)
      builder.append(
        channel: 2, sequence: UInt32(ordinal), logTime: time, publishTime: time, head: head, data: bytes,
        isPacked: true)
    }
    var record = FrameRecord(
      ordinal: ordinal, count: 1, fate: "shown", sequence: UInt64(ordinal), kernelNs: 1, clock: "arrival",
      stagesMs: ["network": 1.5], hasImage: true, hasMask: true)
    record.maskHash = "0123456789abcdef"
    record.roadShare = 0.25
    try JSONEncoder().encode(record).withUnsafeBytes { bytes in
      builder.append(
        channel: 3, sequence: UInt32(ordinal), logTime: time, publishTime: time, data: bytes, isPacked: false)
    }
  }

  private static func append(log text: String, to builder: inout ChunkBuilder) {
    let record = LogRecord(
      timestamp: .init(sec: 1, nsec: 2), level: .info, message: text, name: "roadseg")
    let time = builder.endTime
    (try? JSONEncoder().encode(record))?.withUnsafeBytes { bytes in
      builder.append(channel: 5, sequence: 0, logTime: time, publishTime: time, data: bytes, isPacked: false)
    }
  }
}

/// A folder that is gone when the test is over.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "roadseg-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// A file of these bytes. Foundation would wait for the disk each time.
func overwrite(_ path: String, _ bytes: some Collection<UInt8>) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  defer { close(descriptor) }
  let bytes = Array(bytes)
  let written = write(descriptor, bytes, bytes.count)
  #expect(written == bytes.count, "\(path) cannot be written")
}
