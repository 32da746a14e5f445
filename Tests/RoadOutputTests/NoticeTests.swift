import Foundation
import Glibc
import RoadBase
import RoadFrame
import RoadOutput
import RoadSink
import Testing

/// While there is no video every picture output shows why.
@Suite struct NoticeTests {
  static let size = PictureSize(width: 64, height: 48)

  /// White where frames are patterns.
  static func notice(at time: UInt64) -> VideoNotice {
    let picture = Picture(size: size)
    picture.fill(red: 255, green: 255, blue: 255)
    return VideoNotice(canvas: .rgbx(picture), time: time)
  }

  static func jpegs(_ bytes: Data) -> Int {
    bytes.indices.dropLast(2).count { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xD8 && bytes[$0 + 2] == 0xFF }
  }

  @Test("a stream has them between its frames", arguments: [StandardStream.Format.y4m, .mjpeg])
  func stream(format: StandardStream.Format) throws {
    try withFolder { folder in
      let descriptor = open("\(folder)/stream", O_WRONLY | O_CREAT, 0o600)
      defer { close(descriptor) }
      let frames = PatternFrames()
      let sink = StandardStream(format, descriptor: descriptor)
      #expect(sink.interest.contains(.notices))
      try sink.start(frames.session())
      try sink.receive(frames.shown(0))
      try sink.receive(Self.notice(at: 1))
      try sink.receive(frames.shown(1))
      sink.stop()
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/stream"))
      guard format == .y4m else { return #expect(Self.jpegs(bytes) == 3) }
      let mark = Data("FRAME\n".utf8)
      let first = try #require(bytes.range(of: mark)).upperBound
      let second = first + 64 * 48 * 3 / 2 + mark.count
      #expect(bytes.count == first + 3 * 64 * 48 * 3 / 2 + 2 * mark.count)
      #expect(bytes[second..<second + 64 * 48].allSatisfy { $0 == 235 }, "white, limited range")
    }
  }

  @Test("a film has one at once and then one in five seconds, for a minute")
  func film() throws {
    try withFolder { folder in
      let frames = PatternFrames()
      let sink = MovieFile(path: "\(folder)/drive.avi")
      #expect(sink.interest.contains(.notices))
      try sink.start(frames.session(rate: 10))
      let second: UInt64 = 1_000_000_000
      let begin = MonotonicClock.now()
      // Before the first frame there is no drive.
      try sink.receive(Self.notice(at: begin))
      try sink.receive(frames.shown(0, at: begin + second))
      for half in 1...200 { try sink.receive(Self.notice(at: begin + second + UInt64(half) * second / 2)) }
      try sink.receive(frames.shown(1, at: begin + 120 * second))
      sink.stop()
      // A frame, then at 0.5, 6, 11.5 ... of 60 seconds; behind the long pause a new film.
      #expect(Self.jpegs(try Data(contentsOf: URL(filePath: "\(folder)/drive.avi"))) == 1 + 11)
      #expect(Self.jpegs(try Data(contentsOf: URL(filePath: "\(folder)/drive-2.avi"))) == 1)
    }
  }
}
