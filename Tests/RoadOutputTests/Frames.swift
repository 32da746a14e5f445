import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadSink
import RoadTelemetry
import RoadTestSupport
import Testing

/// Shown frames of a moving pattern, made by arithmetic alone.
final class PatternFrames {
  let size: PictureSize
  private let picture: Picture
  private let map: ClassMap

  init(_ size: PictureSize = PictureSize(width: 64, height: 48)) {
    self.size = size
    picture = Picture(size: size)
    map = ClassMap(size: size)
  }

  func session(rate: Double? = 30) -> SinkSession {
    SinkSession(
      source: SourceProperties(
        name: "pattern", size: size, format: .rgbx, nominalRate: rate, isLive: true, frameCount: nil,
        maximumFrameBytes: 4 * size.pixels), classes: .driving7, identity: RunIdentity())
  }

  /// Grey steps from left to right, with a blue block that moves; the class map counts up row by row.
  func shown(_ ordinal: Int, at timestamp: UInt64 = MonotonicClock.now()) -> ShownFrame {
    for y in 0..<size.height {
      for x in 0..<size.width {
        let pixel = picture.row(y) + 4 * x
        let isBlock = (x / 8 + ordinal) % 8 == 0 && y < size.height / 2
        let grey = UInt8(x * 255 / max(size.width - 1, 1))
        (pixel[0], pixel[1], pixel[2]) = isBlock ? (10, 20, 230) : (grey, grey, grey)
      }
    }
    for (index, _) in map.bytes.enumerated() { map.bytes[index] = UInt8((index + ordinal) % 7) }
    let stamp = FrameStamp(
      ordinal: ordinal, sequence: UInt64(ordinal), timestamp: timestamp, timestampSource: .endOfFrame)
    return ShownFrame(stamp: stamp, picture: picture, map: map)
  }

  /// FNV-1a of frame `ordinal`'s mask, as the example reader prints it.
  func maskSum(_ ordinal: Int) -> String {
    var sum: UInt32 = 2_166_136_261
    for index in 0..<size.pixels { sum = (sum ^ UInt32((index + ordinal) % 7)) &* 16_777_619 }
    return String(format: "%08x", sum)
  }
}

/// PyPI's readers, for what others must be able to read.
enum Readers {
  static let absence: Comment = "needs PyPI's av: Tests/set_up_python could not install it here"
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  static let root = tests.deletingLastPathComponent().path

  static let python = Programs.python(with: "readers")

  static var isThere: Bool { python != nil }

  static func ask(_ script: String, _ arguments: [String]) throws -> String {
    let (status, output) = Programs.run(try #require(python), ["-c", script] + arguments, withErrors: true)
    #expect(status == 0, "\(output)")
    return output
  }
}

func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "road-output-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
