import Foundation
import Glibc
import RoadBase
import RoadFrame
import RoadMask
import RoadRecorder
import RoadSink
import RoadTelemetry
import Testing

/// The recorder as a sink: what it is told is in the files.
@Suite struct RecorderTests {
  @Test func whatWasToldIsInTheFiles() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: "\(folder)/a/b")
      options.chunkDuration = 1
      options.maskStride = 2
      options.attachments = [RecordingAttachment(name: "calibration.yaml", mediaType: "text/yaml", data: [1, 2, 3])]
      let recorder = Recorder(options)
      try recorder.start(FakeRun.session)
      recorder.log(.warning, "a warning")
      for ordinal in 0..<10 { try FakeRun.frame(ordinal, to: recorder) }
      try recorder.receive(SettledFrames(ordinal: 10, count: 3, fate: .lostInDriver))
      recorder.stop()
      #expect(recorder.statistics.state == "stopped")
      let summary = try RecordingSummary(paths: ["\(folder)/a/b"])
      #expect(summary.isSound && summary.isMonotonic)
      #expect(summary.ledger.frames == 13 && summary.ledger.balances && summary.ledger.unrecorded == 0)
      #expect(summary.ledger.fates == ["shown": 10, "lost_in_driver": 3])
      #expect(summary.masks.hashed == 10 && summary.masks.stored == 5)
      #expect(summary.attachments == ["classes.tsv", "calibration.yaml"])
      #expect(summary.run["model"] == "m" && summary.run["size"] == "64x32")
      let path = summary.files[0].path
      let reader = try RecordingReader(path: path)
      #expect(try reader.classes() == ClassTable.driving7)
      while let picture = try reader.nextPicture() {
        #expect(picture.bytes.elementsEqual(FakeRun.jpeg))
      }
      // Nothing but the recording and the lock is left.
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a/b").count == 2)
    }
  }

  @Test("stopped and started by hand: whole files, nothing between; with triggers it waits again")
  func byHand() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: "\(folder)/plain")
      options.chunkDuration = 1
      let recorder = Recorder(options)
      try recorder.start(FakeRun.session)
      func order(_ isRecording: Bool, _ state: String) throws {
        recorder.set(isRecording: isRecording)
        usleep(260_000)
        try recorder.idle()
        #expect(recorder.statistics.state == state)
      }
      for ordinal in 0..<5 { try FakeRun.frame(ordinal, to: recorder) }
      try order(false, "paused")
      for ordinal in 5..<8 { try FakeRun.frame(ordinal, to: recorder) }
      try order(true, "recording")
      for ordinal in 8..<10 { try FakeRun.frame(ordinal, to: recorder) }
      recorder.stop()
      let summary = try RecordingSummary(paths: ["\(folder)/plain"])
      #expect(summary.isSound && summary.files.count == 2)
      #expect(summary.ledger.fates["shown"] == 7)

      options = RecorderOptions(folder: "\(folder)/triggered")
      options.chunkDuration = 1
      options.trigger = TriggerOptions(preRoll: 1, postRoll: 1, bytes: 1 << 20, file: nil)
      let waiting = Recorder(options)
      try waiting.start(FakeRun.session)
      #expect(waiting.statistics.state == "waiting")
      waiting.set(isRecording: true)
      usleep(260_000)
      for ordinal in 0..<4 { try FakeRun.frame(ordinal, to: waiting) }
      #expect(waiting.statistics.state == "recording")
      waiting.set(isRecording: false)
      usleep(260_000)
      try waiting.idle()
      #expect(waiting.statistics.state == "waiting")
      waiting.stop()
      #expect(try RecordingSummary(paths: ["\(folder)/triggered"]).ledger.fates["shown"] ?? 0 >= 3)
    }
  }

  @Test(.enabled(if: PythonReader.isThere)) func aMaskIsTheClassMapForOthersToo() throws {
    try withFolder { folder in
      let recorder = Recorder(RecorderOptions(folder: folder))
      try recorder.start(FakeRun.session)
      for ordinal in 0..<3 { try FakeRun.frame(ordinal, to: recorder) }
      recorder.stop()
      let read = try #require(try PythonReader.read([try RecordingFiles.files([folder])[0]]).first)
      #expect(recorder.statistics.masks == 3 && recorder.statistics.reason == nil)
      try #require(read.masks.count == 3 && read.frames.count == 3)
      #expect(read.masks.allSatisfy { $0.mode == "P" && $0.size == [64, 32] })
      for (index, mask) in read.masks.enumerated() {
        let map = FakeRun.map(index)
        let classes = withExtendedLifetime(map) { CRC32.of(Array(map.bytes)) }
        #expect(mask.classes == classes)
        #expect(read.frames[index].maskHash == ClassMap.text(ofHash: map.hash))
      }
    }
  }

  @Test func segmentsRotateAndRetentionKeepsTheNewestAndTheProtected() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: folder)
      options.chunkDuration = 1
      options.segmentBytes = 60_000
      options.retention = RetentionLimits(totalBytes: 400_000)
      let recorder = Recorder(options)
      try recorder.start(FakeRun.session)
      try FakeRun.frame(0, to: recorder)
      try FakeRun.frame(1, to: recorder)
      let first = try #require(try SegmentFolder(folder).segments().first)
      try SegmentFolder.protect("\(folder)/\(first.name.text)", true)
      for ordinal in 2..<400 { try FakeRun.frame(ordinal, to: recorder) }
      recorder.stop()
      // The housekeeper works beside; its next round ends what is left to do.
      let again = Recorder(options)
      try again.start(FakeRun.session)
      try eventually { try SegmentFolder(folder).segments().reduce(0) { $0 + $1.bytes } <= 400_000 }
      again.stop()
      let numbers = try SegmentFolder(folder).segments().map(\.name.number)
      #expect(numbers.first == first.name.number && numbers.count > 2)
      #expect(numbers == numbers.sorted() && numbers.dropFirst().first.map { $0 > 1 } == true)
      #expect(try RecordingSummary(paths: [folder]).isSound)
    }
  }

  @Test func aTriggerWritesTheSecondsBeforeIt() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: folder)
      options.chunkDuration = 20_000_000
      options.trigger = TriggerOptions(preRoll: 200_000_000, postRoll: 100_000_000, file: "\(folder)/now")
      let recorder = Recorder(options)
      try recorder.start(FakeRun.session)
      for ordinal in 0..<60 {
        try FakeRun.frame(ordinal, to: recorder)
        usleep(10_000)
      }
      #expect(recorder.statistics.state == "waiting")
      #expect(try SegmentFolder(folder).segments().isEmpty)
      try "".write(toFile: "\(folder)/now", atomically: false, encoding: .utf8)
      for ordinal in 60..<160 {
        try FakeRun.frame(ordinal, to: recorder)
        usleep(10_000)
      }
      recorder.stop()
      #expect(recorder.statistics.triggers == 1)
      let summary = try RecordingSummary(paths: [folder])
      #expect(summary.isSound && summary.files.count == 1)
      let reader = try RecordingReader(path: summary.files[0].path)
      let ordinals = try reader.pictureOrdinals()
      let (first, last) = (try #require(ordinals.first), try #require(ordinals.last))
      // From before the trigger; not from the beginning; and not to the end.
      #expect(first > 10 && first < 90 && last < 159 && ordinals.count > 15, "\(first)...\(last)")
      #expect(ordinals == Array(first...last))
    }
  }

  /// A board that wakes up in 1970 beside segments of a right clock: nothing goes, and its own sort behind them.
  @Test func aFolderOfTheFutureKeepsEverythingAndItsOrder() throws {
    try withFolder { folder in
      // As if this machine's clock stood before them: they are of the year 2096.
      for number in 0..<3 {
        let name = SegmentName(number: number, seconds: 4_000_000_000 + UInt64(number))
        try SampleRecording.write(to: "\(folder)/\(name.text)", frames: 4)
      }
      let early = SegmentName(number: 3, seconds: 60)
      try SampleRecording.write(to: "\(folder)/\(early.text)", frames: 4)
      var options = RecorderOptions(folder: folder)
      options.chunkDuration = 1
      options.retention = RetentionLimits(age: 1)
      let recorder = Recorder(options)
      try recorder.start(FakeRun.session)
      for ordinal in 0..<20 {
        try FakeRun.frame(ordinal, to: recorder)
        usleep(20_000)
      }
      recorder.stop()
      #expect(try SegmentFolder(folder).segments().map(\.name.number) == [0, 1, 2, 3, 4])
      #expect(recorder.statistics.deletedSegments == 0)
      #expect(try RecordingFiles.files([folder]).map { $0.contains("road-00000") } == [true, true, true, true, true])
    }
  }

  @Test func aRunningRecorderTakesOtherOptions() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: folder)
      options.chunkDuration = 20_000_000
      let recorder = Recorder(options)
      try recorder.start(FakeRun.session)
      for ordinal in 0..<5 { try FakeRun.frame(ordinal, to: recorder) }
      options.maskStride = 0
      options.compresses = true
      options.segmentDuration = 100_000_000
      options.folder = "/nowhere"
      recorder.change(to: options)
      for ordinal in 5..<60 {
        try FakeRun.frame(ordinal, to: recorder)
        usleep(20_000)
      }
      recorder.stop()
      let summary = try RecordingSummary(paths: [folder])
      #expect(summary.isSound && summary.files.count > 3 && summary.ledger.balances)
      #expect(summary.masks.stored >= 5 && summary.masks.stored < 40 && summary.masks.hashed == 60)
    }
  }

  @Test func twoRecordersDoNotShareAFolder() throws {
    try withFolder { folder in
      let one = Recorder(RecorderOptions(folder: folder))
      try one.start(FakeRun.session)
      let other = Recorder(RecorderOptions(folder: folder))
      #expect(throws: RoadError.self) { try other.start(FakeRun.session) }
      one.stop()
      try other.start(FakeRun.session)
      other.stop()
    }
  }

  @Test func whatACrashLeftIsMendedAtTheNextStart() throws {
    try withFolder { folder in
      let torn = "\(folder)/\(SegmentName(number: 4, seconds: 1_790_000_000).text)"
      try SampleRecording.write(to: torn, frames: 8, finishes: false)
      let recorder = Recorder(RecorderOptions(folder: folder))
      try recorder.start(FakeRun.session)
      try eventually { try RecordingReader(path: torn).isFinished }
      try FakeRun.frame(0, to: recorder)
      recorder.stop()
      #expect(try SegmentFolder(folder).segments().map(\.name.number) == [4, 5])
    }
  }
}

/// About the pause between two frames of a fast camera.
func usleepBriefly() { usleep(2000) }

/// Waits up to ten seconds for what another thread does.
func eventually(_ condition: () throws -> Bool) throws {
  let deadline = MonotonicClock.now() + 10_000_000_000
  while MonotonicClock.now() < deadline {
    if try condition() { return }
    usleep(20_000)
  }
  Issue.record("nothing happened in ten seconds")
}

/// Frames of a small camera that was never there.
enum FakeRun {
  static let size = PictureSize(width: 64, height: 32)

  static let session = SinkSession(
    source: SourceProperties(
      name: "fake", size: size, format: .mjpeg, nominalRate: 30, isLive: true, frameCount: nil,
      maximumFrameBytes: 1 << 16),
    classes: .driving7, identity: RunIdentity(model: "m", version: "1", instructionSet: "reference"))

  static let jpeg: [UInt8] = {
    let picture = Picture(size: size)
    for y in 0..<size.height { for x in 0..<(4 * size.width) { picture.row(y)[x] = UInt8(truncatingIfNeeded: x * y) } }
    guard let encoder = try? JPEGEncoder(largest: size) else { return [] }
    // The bytes are the encoder's own.
    return withExtendedLifetime(encoder) { encoder.encode(picture).map(Array.init) ?? [] }
  }()

  static func map(_ ordinal: Int) -> ClassMap {
    let map = ClassMap(size: size)
    for index in map.bytes.indices { map.bytes[index] = UInt8((index / 16 + ordinal) % 7) }
    return map
  }

  static func stamp(_ ordinal: Int) -> FrameStamp {
    FrameStamp(
      ordinal: ordinal, sequence: UInt64(ordinal), timestamp: MonotonicClock.now(), timestampSource: .endOfFrame)
  }

  /// All that a sink is told of one shown frame.
  static func frame(_ ordinal: Int, to recorder: Recorder) throws {
    let stamp = stamp(ordinal)
    try jpeg.withUnsafeBytes { bytes in
      try recorder.receive(
        CapturedFrame(stamp: stamp, format: .mjpeg, size: size, rowPitch: 0, yuvEncoding: .bt601, bytes: bytes))
    }
    try recorder.receive(ShownFrame(stamp: stamp, picture: nil, map: map(ordinal)))
    try recorder.receive(SettledFrames(ordinal: ordinal, fate: .shown, stamp: stamp))
  }

  /// The same to a lane.
  static func offer(_ ordinal: Int, to lane: SinkLane) { offer(ordinal, map(ordinal), to: lane) }

  static func offer(_ ordinal: Int, _ map: ClassMap, to lane: SinkLane) {
    let stamp = stamp(ordinal)
    jpeg.withUnsafeBytes { bytes in
      lane.offer(
        CapturedFrame(stamp: stamp, format: .mjpeg, size: size, rowPitch: 0, yuvEncoding: .bt601, bytes: bytes))
    }
    lane.offer(ShownFrame(stamp: stamp, picture: nil, map: map))
    lane.offer(SettledFrames(ordinal: ordinal, fate: .shown, stamp: stamp))
  }
}
