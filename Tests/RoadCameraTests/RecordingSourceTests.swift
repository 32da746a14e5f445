import Foundation
import Glibc
import RoadBase
import RoadCamera
import RoadFrame
import RoadRecorder
import Testing

/// Recordings as a source of frames.
@Suite struct RecordingSourceTests {
  private static let size = PictureSize(width: 16, height: 8)

  private static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "roadseg-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private static func pixels(_ ordinal: Int) -> [UInt8] { (0..<256).map { UInt8(truncatingIfNeeded: $0 + ordinal) } }

  /// YUYV pictures, three a chunk.
  ///
  /// - Parameter declared: the size that the message tells; nil for the true one.
  private static func write(
    _ path: String, ordinals: Range<Int>, declared: PictureSize? = nil, rowPitch: Int = 32
  ) throws {
    let file = try SegmentFile(temporary: path, reserving: 0)
    var writer = try MCAPWriter(
      file, layout: MessageLayout(rawImages: true), library: "test",
      metadata: [MCAPMetadata(name: "roadseg", pairs: ["run": "r"])], attachments: [], time: 0)
    var builder = ChunkBuilder()
    for ordinal in ordinals {
      let time = UInt64(ordinal + 1) * 10_000_000
      pixels(ordinal).withUnsafeBytes { bytes in
        let head = ImageMessage.rawHead(
          encoding: "yuyv", size: declared ?? size, rowPitch: rowPitch, frame: "camera", time: time,
          byteCount: bytes.count)
        builder.append(
          channel: 1, sequence: UInt32(ordinal), logTime: time, publishTime: time, head: head, data: bytes,
          isPacked: false)
      }
      if ordinal % 3 == 2 { try writer.append(builder.close(nil)) }
    }
    if !builder.isEmpty { try writer.append(builder.close(nil)) }
    try writer.finish()
  }

  private static func overwrite(_ path: String, _ bytes: [UInt8]) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(descriptor) }
    let written = Glibc.write(descriptor, bytes, bytes.count)
    #expect(written == bytes.count)
  }

  @Test("a folder of segments is one source, in order, and names itself so")
  func segments() throws {
    try Self.withFolder { folder in
      for (number, ordinals) in [0..<5, 5..<9, 9..<10].enumerated() {
        let name = SegmentName(number: number, seconds: UInt64(1_790_000_000 - number))
        try Self.write("\(folder)/\(name.text)", ordinals: ordinals)
      }
      #expect(FrameSources.isRecording(folder) && !FrameSources.holdsPictures(folder))
      let source = try FrameSources.open(folder)
      let frame = Frame(capacity: source.properties.maximumFrameBytes)
      try source.start()
      for ordinal in 0..<10 {
        #expect(source.read(into: frame, timeout: 0) == .frame(skipped: 0, lost: 0))
        #expect(frame.sequence == UInt64(ordinal) && frame.size == Self.size)
        #expect(frame.bytes[..<frame.byteCount].elementsEqual(Self.pixels(ordinal)))
      }
      #expect(source.read(into: frame, timeout: 0) == .ended)
      // Beside pictures a recording has to be named itself.
      try Data().write(to: URL(filePath: "\(folder)/a.jpg"))
      #expect(!FrameSources.isRecording(folder) && FrameSources.holdsPictures(folder))
    }
  }

  @Test("pictures by their place, forwards, backwards and again")
  func places() throws {
    try Self.withFolder { folder in
      try Self.write("\(folder)/a.mcap", ordinals: 0..<8)
      try Self.write("\(folder)/b.mcap", ordinals: 8..<11)
      let recording = try RecordedPictures(paths: [folder])
      #expect(recording.places.map(\.ordinal) == Array(0..<11))
      #expect(recording.places[9].name == "b.mcap#9")
      for index in [0, 1, 5, 5, 10, 2, 10, 0] {
        #expect(try recording.bytes(at: index) == Self.pixels(index))
        #expect(try recording.picture(at: index).size == Self.size)
        #expect(try recording.frame(at: index).rowPitch == 32)
      }
    }
  }

  @Test("no rate is too low", arguments: [1e-300, 1e-9, 0.001])
  func lowRates(rate: Double) throws {
    try Self.withFolder { folder in
      try Self.write("\(folder)/a.mcap", ordinals: 0..<3)
      for pace in [RecordingPace.live(rate: rate), .recorded(speed: rate)] {
        let source = try RecordingSource(paths: [folder], pace: pace)
        let frame = Frame(capacity: source.properties.maximumFrameBytes)
        try source.start()
        for _ in 0..<3 { _ = source.read(into: frame, timeout: 1_000_000) }
      }
    }
  }

  /// 16384 x 16384 in 256 bytes; a row of no bytes; a size that the bytes fill, of more pixels than allowed.
  @Test("a size that the bytes do not fill decides about no memory")
  func impossibleSizes() throws {
    try Self.withFolder { folder in
      let largest = PictureSize(width: 16384, height: 16384)
      for pitch in [32768, 32, 0] {
        try Self.write("\(folder)/a.mcap", ordinals: 0..<3, declared: largest, rowPitch: pitch)
        #expect(throws: RoadError.self) { try RecordingSource(paths: [folder]) }
        #expect(throws: RoadError.self) { try RecordingExport(paths: [folder]).avi(to: "\(folder)/a.avi") }
      }
      try Self.write("\(folder)/a.mcap", ordinals: 0..<3)
      do throws(RoadError) {
        _ = try RecordingSource(paths: ["\(folder)/a.mcap"], maximumPixels: 100)
        Issue.record("128 pixels are more than 100")
      } catch { #expect(error.remedy.contains("--max-pixels")) }
    }
  }

  /// `Tests/fuzz-recordings` runs multiples of this.
  @Test("damaged recordings are played without a trap")
  func fuzz() throws {
    let factor = ProcessInfo.processInfo.environment["ROADSEG_FUZZ_FACTOR"].flatMap(Int.init) ?? 1
    try Self.withFolder { folder in
      let path = "\(folder)/a.mcap"
      try Self.write(path, ordinals: 0..<6)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
      var random = SplitMix(state: 7)
      var (played, refused) = (0, 0)
      for _ in 0..<1000 * factor {
        Self.overwrite(path, Self.mutate(whole, &random))
        guard let source = try? RecordingSource(paths: [path]) else {
          refused += 1
          continue
        }
        let decoder = try FrameDecoder()
        let frame = Frame(capacity: source.properties.maximumFrameBytes)
        let picture = Picture(size: source.properties.size)
        try source.start()
        var frames = 0
        while frames < 1000 {
          let outcome = source.read(into: frame, timeout: 0)
          if outcome == .ended { break }
          if case .frame = outcome { _ = decoder.decode(frame, into: picture) }
          frames += 1
        }
        #expect(frames < 1000)
        played += 1
      }
      #expect(played > 0 && refused > 0)
    }
  }

  private static func mutate(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(3) where !bytes.isEmpty {
      let place = random.below(bytes.count)
      let length = min(1 + random.below(32), bytes.count - place)
      switch random.below(5) {
      case 0: bytes[place] ^= 1 << UInt8(random.below(8))
      case 1: for index in place..<place + length { bytes[index] = UInt8(random.below(256)) }
      case 2: bytes.removeSubrange(place..<place + length)
      case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: random.below(bytes.count))
      default: bytes.removeLast(bytes.count - place)
      }
    }
    return bytes
  }

  private struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Int((z ^ (z >> 31)) % UInt64(bound))
    }
  }
}
