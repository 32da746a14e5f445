import Foundation
import Glibc
import RoadBase
import RoadFrame
import RoadOutput
import RoadSink
import RoadTestSupport
import Testing

/// Streams and films as FFmpeg's libraries (PyPI's `av`) read them.
@Suite struct StreamTests {
  /// A line for each frame: its time, size, luma of the last pixel in the last row, blueness of a pixel in the block.
  private static let reader = """
    import av, sys
    with av.open(sys.argv[1], format=sys.argv[2] or None) as film:
        for frame in film.decode(video=0):
            planes = frame.reformat(format='rgb24').to_ndarray()
            print('%.3f' % frame.time, f'{frame.width}x{frame.height}', *planes[-1, -1], '|', *planes[2, 2])
    """

  private func write(_ format: StandardStream.Format, to path: String, _ frames: PatternFrames) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    let sink = StandardStream(format, descriptor: descriptor)
    try sink.start(frames.session(rate: 12.5))
    for ordinal in 0..<16 { try sink.receive(frames.shown(ordinal)) }
    sink.stop()
  }

  @Test(
    "each frame once, in the colours that were drawn", .enabled(if: Readers.isThere, Readers.absence),
    arguments: [StandardStream.Format.y4m, .mjpeg])
  func streams(format: StandardStream.Format) throws {
    try withFolder { folder in
      let frames = PatternFrames()
      try write(format, to: "\(folder)/stream", frames)
      let lines = try Readers.ask(Self.reader, ["\(folder)/stream", format == .y4m ? "yuv4mpegpipe" : "mjpeg"])
        .split(separator: "\n").map(String.init)
      #expect(lines.count == 16)
      for (ordinal, line) in lines.enumerated() {
        let numbers = line.split(separator: " ")
        try #require(numbers.count == 9, "\(line)")
        #expect(numbers[1] == "64x48")
        if format == .y4m { #expect(abs((Double(numbers[0]) ?? -1) - Double(ordinal) / 12.5) < 0.002) }
        #expect((Int(numbers[2]) ?? 0) > 245, "white at the right edge: \(line)")
        let (red, blue) = (Int(numbers[6]) ?? -1, Int(numbers[8]) ?? -1)
        #expect((blue - red > 150) == (ordinal % 8 == 0), "the block: \(line)")
      }
    }
  }

  @Test("a reader that is gone is an error with EPIPE")
  func brokenPipe() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let sink = StandardStream(.mjpeg, descriptor: ends[1])
    let frames = PatternFrames()
    try sink.start(frames.session())
    let error = thrown(RoadError.self) { try sink.receive(frames.shown(0)) }
    #expect(error?.code == EPIPE)
  }

  @Test("a film lasts as long as the drive: gaps repeat the picture", .enabled(if: Readers.isThere, Readers.absence))
  func film() throws {
    try withFolder { folder in
      let frames = PatternFrames()
      let sink = MovieFile(path: "\(folder)/drive.avi")
      try sink.start(frames.session(rate: 30))
      // 20 frames at 10 a second, then nothing for a second, then one more.
      let begin = MonotonicClock.now()
      for ordinal in 0..<20 { try sink.receive(frames.shown(ordinal, at: begin + UInt64(ordinal) * 100_000_000)) }
      // While it grows and has no index yet.
      let growing = try Readers.ask(Self.reader, ["\(folder)/drive.avi", ""]).split(separator: "\n")
      #expect(growing.count == 20)
      try sink.receive(frames.shown(20, at: begin + 3_000_000_000))
      sink.stop()
      let times = try Readers.ask(Self.reader, ["\(folder)/drive.avi", ""]).split(separator: "\n")
        .map { Double($0.split(separator: " ")[0]) ?? -1 }
      try #require(times.count == 21)
      for (ordinal, time) in times.dropLast().enumerated() { #expect(abs(time - Double(ordinal) / 10) < 0.02) }
      #expect(abs(times[20] - 3) < 0.04)
    }
  }

  @Test("an existing film stays as it is, and a full one goes on in the next file")
  func manyFiles() throws {
    try withFolder { folder in
      try FileOutput.write("old", to: "\(folder)/drive.avi")
      let frames = PatternFrames()
      let encoder = try JPEGEncoder(largest: frames.size)
      let first = try AVIWriter(
        path: "\(folder)/drive.avi", size: frames.size, rate: 30, limits: AVIWriter.Limits(places: 4))
      #expect(first.path == "\(folder)/drive-2.avi")
      var count = 0
      while !first.isFull {
        let jpeg = try #require(encoder.encode(frames.shown(count).canvas))
        try first.append(jpeg, at: 1_000_000_000 + UInt64(count) * 33_000_000)
        count += 1
      }
      try first.finish()
      #expect(count == 3)
      #expect(try String(contentsOfFile: "\(folder)/drive.avi", encoding: .utf8) == "old")
      let sink = MovieFile(path: "\(folder)/drive.avi")
      try sink.start(frames.session())
      #expect(sink.destination == "\(folder)/drive-3.avi")
      sink.stop()
      #expect(throws: RoadError.self) {
        try AVIWriter(path: "\(folder)/none/drive.avi", size: frames.size, rate: 30)
      }
    }
  }
}
