import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadRecorder
import RoadSink
import RoadTelemetry
import RoadTestSupport
import Testing

/// Recordings with the message types of ROS 2: what its tools read, and that roadseg reads them as its own.
@Suite struct ROS2RecordingTests {
  /// What `rosbags` found.
  private struct Bag: Decodable {
    struct Image: Decodable {
      var frame: String
      var stamp: UInt64
      var format: String
      var size: [Int]
      var step: Int?
      var crc: UInt32
      var classes: UInt32?
    }

    struct Frame: Decodable {
      var ordinal: Int
      var fate: String
      var maskHash: String?
    }

    enum Entry: Decodable {
      case number(Int)
      case text(String)

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int.self) {
          self = .number(number)
        } else {
          self = .text(try value.decode(String.self))
        }
      }

      var words: String {
        switch self {
        case .number(let number): "\(number)"
        case .text(let text): text
        }
      }
    }

    var topics: [String: [Entry]]
    var frames: [Frame]
    var images: [Image]
    var masks: [Image]
    var log: [[Entry]]
  }

  private static func read(_ path: String) throws -> Bag {
    let python = try #require(PythonReader.python)
    let (status, output) = Programs.run(python, ["\(PythonReader.folder)/read_ros2.py", path])
    try #require(status == 0, "\(output)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Bag.self, from: Data(output.utf8))
  }

  /// Three frames and two lines of log in one file.
  private func record(_ folder: String, rawMasks: Bool) throws -> String {
    var options = RecorderOptions(folder: folder)
    options.schemas = .ros2
    options.rawMasks = rawMasks
    options.compresses = rawMasks
    let recorder = Recorder(options)
    try recorder.start(FakeRun.session)
    recorder.log(.warning, "warm")
    recorder.log(.info, "ünïcode, empty: ")
    for ordinal in 0..<3 { try FakeRun.frame(ordinal, to: recorder) }
    usleep(260_000)
    try recorder.idle()
    recorder.stop()
    #expect(recorder.statistics.reason == nil)
    return try RecordingFiles.files([folder])[0]
  }

  @Test(.enabled(if: PythonReader.isThere), arguments: [false, true])
  func toolsOfROS2ReadIt(rawMasks: Bool) throws {
    try withFolder { folder in
      let bag = try Self.read(record(folder, rawMasks: rawMasks))
      let mask = rawMasks ? "/road/mask" : "/road/mask/compressed"
      let types = bag.topics.mapValues { $0[0].words }
      #expect(
        types == [
          "/camera/image/compressed": "sensor_msgs/msg/CompressedImage",
          mask: rawMasks ? "sensor_msgs/msg/Image" : "sensor_msgs/msg/CompressedImage",
          "/road/frame": "std_msgs/msg/String", "/roadseg/statistics": "std_msgs/msg/String",
          "/roadseg/log": "rcl_interfaces/msg/Log",
        ])
      let now = UInt64(Date().timeIntervalSince1970 * 1e9)
      try #require(bag.images.count == 3 && bag.masks.count == 3 && bag.frames.count == 3)
      for (index, image) in bag.images.enumerated() {
        #expect(image.format == "jpeg" && image.crc == CRC32.of(FakeRun.jpeg) && image.frame == "camera")
        #expect(now - 60_000_000_000 < image.stamp && image.stamp <= now)
        let (map, found) = (FakeRun.map(index), bag.masks[index])
        let classes = withExtendedLifetime(map) { CRC32.of(Array(map.bytes)) }
        #expect(found.classes == classes && found.size == [64, 32] && found.format == (rawMasks ? "mono8" : "png"))
        #expect(found.step == (rawMasks ? 64 : nil))
        #expect(bag.frames[index].maskHash == ClassMap.text(ofHash: map.hash) && bag.frames[index].fate == "shown")
      }
      let log = bag.log.map { $0.map(\.words) }
      #expect(log == [["30", "roadseg", "warm"], ["20", "roadseg", "ünïcode, empty: "]])
    }
  }

  @Test(arguments: [false, true]) func roadsegReadsItAsItsOwn(rawMasks: Bool) throws {
    try withFolder { folder in
      let path = try record("\(folder)/r", rawMasks: rawMasks)
      let summary = try RecordingSummary(paths: [path])
      #expect(summary.isSound && summary.ledger.balances && summary.ledger.fates == ["shown": 3])
      #expect(summary.masks.stored == 3 && summary.masks.hashed == 3 && summary.warnings == ["warm"])
      #expect(summary.run["schemas"] == "ros2")
      let reader = try RecordingReader(path: path, verifies: true)
      #expect(reader.indexedPictures == 3)
      while let picture = try reader.nextPicture() {
        #expect(picture.format == .mjpeg && picture.bytes.elementsEqual(FakeRun.jpeg))
      }
      let masks = try RecordedMaskFiles(paths: [path])
      for ordinal in 0..<3 {
        let index = try #require(masks.index(ofFrame: UInt32(ordinal), in: path))
        let labels = try PNG.labels(masks.png(at: index), name: "mask")
        let map = FakeRun.map(ordinal)
        #expect(labels.values.elementsEqual(map.bytes))
      }
    }
  }

  @Test("raw pictures go by the names that ROS 2 has for them", .enabled(if: PythonReader.isThere))
  func rawPictures() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: folder)
      (options.schemas, options.rawImages) = (.ros2, .raw)
      let recorder = Recorder(options)
      let size = PictureSize(width: 16, height: 8)
      try recorder.start(
        SinkSession(
          source: SourceProperties(
            name: "fake", size: size, format: .yuyv, nominalRate: 30, isLive: true, frameCount: nil,
            maximumFrameBytes: 1 << 16),
          classes: .driving7, identity: RunIdentity(model: "m", version: "1", instructionSet: "reference")))
      let pixels = SampleRecording.picture(0)
      try pixels.withUnsafeBytes { bytes in
        try recorder.receive(
          CapturedFrame(
            stamp: FakeRun.stamp(0), format: .yuyv, size: size, rowPitch: 32, yuvEncoding: .bt601, bytes: bytes))
      }
      recorder.stop()
      let path = try RecordingFiles.files([folder])[0]
      let image = try #require(try Self.read(path).images.first)
      #expect(image.format == "yuv422_yuy2" && image.step == 32 && image.crc == CRC32.of(pixels))
      let picture = try #require(try RecordingReader(path: path).nextPicture())
      #expect(picture.format == .yuyv && picture.size == size && picture.bytes.elementsEqual(pixels))
    }
  }

  /// Bytes of messages that are cut or changed: nil or something, never a trap.
  @Test func damagedMessagesAreNone() throws {
    try withFolder { folder in
      let whole = [UInt8](try Data(contentsOf: URL(filePath: record("\(folder)/r", rawMasks: true))))
      var random = SeededRandom(seed: 11)
      for _ in 0..<300 {
        overwrite("\(folder)/a.mcap", RecordingFuzzTests.mutate(whole, &random))
        guard let reader = try? RecordingReader(path: "\(folder)/a.mcap") else { continue }
        while let message = (try? reader.next()) ?? nil {
          _ = (message.frameRecord(), message.logRecord(), RecordedPicture(message))
          _ = message.mask()?.values()
        }
      }
    }
  }
}
