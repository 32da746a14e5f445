import Foundation
import Glibc
import RoadBase
import RoadRecorder
import RoadSink
import RoadTelemetry
import RoadTestSupport
import Testing

/// The recorder in its lane on a small real file system. These tests need root, to mount one.
@Suite(.serialized, .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
struct DiskTests {
  private static func lane(_ folder: String) throws -> (Recorder, SinkLane) {
    var options = RecorderOptions(folder: folder)
    options.chunkDuration = 20_000_000
    options.segmentBytes = 1 << 20
    let recorder = Recorder(options)
    let lane = SinkLane(recorder, policy: .queue(bytes: 1 << 20))
    try lane.start(FakeRun.session)
    return (recorder, lane)
  }

  /// Offers at some 200 frames a second until `condition`, measuring the longest offer.
  private static func offer(
    _ ordinal: inout Int, to lane: SinkLane, until condition: () throws -> Bool
  ) throws {
    let start = MonotonicClock.now()
    var longest: UInt64 = 0
    while try !condition() {
      let before = MonotonicClock.now()
      FakeRun.offer(ordinal, to: lane)
      longest = max(longest, MonotonicClock.now() - before)
      ordinal += 1
      usleep(5000)
      try #require(MonotonicClock.now() - start < 20_000_000_000, "nothing happened: \(lane.statistics())")
    }
    // No offer waits for the disk, whatever it does; the rest is the scheduler's.
    #expect(longest < 500_000_000, "an offer took \(longest / 1_000_000) ms")
  }

  private static func end(_ lane: SinkLane) {
    lane.close()
    _ = lane.wait(until: MonotonicClock.now() + 5_000_000_000)
    lane.end()
  }

  private static func isFailing(_ lane: SinkLane) -> Bool {
    if case .failing = lane.statistics().health { true } else { false }
  }

  private static func isRecording(_ recorder: Recorder) -> Bool { recorder.statistics.state == "recording" }

  /// Every frame that was offered has one end, and the file's own ledger adds up.
  private static func expectBalance(_ lane: SinkLane, _ folder: String, frames: Int) throws {
    let counts = lane.statistics()
    #expect(counts.captured.offered == frames && counts.captured.waiting == 0)
    #expect(counts.shown.offered == frames && counts.shown.waiting == 0)
    let summary = try RecordingSummary(paths: [folder])
    #expect(summary.ledger.balances && summary.files.allSatisfy { $0.damagedRanges == 0 })
    #expect(summary.files.count >= 2)
  }

  @Test func aFullDiskIsToldAndRecordingResumes() throws {
    try SmallDisk.with { disk in
      let (recorder, lane) = try Self.lane("\(disk)/rec")
      var ordinal = 0
      try Self.offer(&ordinal, to: lane) { recorder.statistics.chunks > 3 }
      SmallDisk.fill("\(disk)/ballast")
      let full = MonotonicClock.now()
      try Self.offer(&ordinal, to: lane) { Self.isFailing(lane) }
      #expect(recorder.statistics.reason?.contains("No space left") == true, "\(recorder.statistics)")
      // What was set aside for the segment is used up first.
      #expect(MonotonicClock.now() - full < 15_000_000_000)
      try FileManager.default.removeItem(atPath: "\(disk)/ballast")
      let chunks = recorder.statistics.chunks
      try Self.offer(&ordinal, to: lane) { Self.isRecording(recorder) && recorder.statistics.chunks > chunks + 3 }
      Self.end(lane)
      #expect(lane.statistics().total[.diskFull] > 0)
      try Self.expectBalance(lane, "\(disk)/rec", frames: ordinal)
    }
  }

  @Test func aReadOnlyDiskIsToldAndRecordingResumes() throws {
    try SmallDisk.with { disk in
      let (recorder, lane) = try Self.lane("\(disk)/rec")
      var ordinal = 0
      try Self.offer(&ordinal, to: lane) { recorder.statistics.chunks > 3 }
      // A file that is open for writing would hinder the remount.
      Self.end(lane)
      #expect(SmallDisk.remount(disk, "ro"))
      let other = Recorder(RecorderOptions(folder: "\(disk)/rec"))
      let retried = SinkLane(other, policy: .queue(bytes: 1 << 20), firstStart: .retried)
      try retried.start(FakeRun.session)
      try Self.offer(&ordinal, to: retried) { Self.isFailing(retried) }
      #expect(other.statistics.reason?.contains("Read-only") == true, "\(other.statistics)")
      #expect(SmallDisk.remount(disk, "rw"))
      try Self.offer(&ordinal, to: retried) { Self.isRecording(other) && other.statistics.images > 3 }
      Self.end(retried)
      #expect(try RecordingSummary(paths: ["\(disk)/rec"]).isSound)
    }
  }

  @Test func aRemovedFolderIsToldAndMadeAnew() throws {
    try withFolder { folder in
      let (recorder, lane) = try Self.lane("\(folder)/rec")
      var ordinal = 0
      try Self.offer(&ordinal, to: lane) { recorder.statistics.chunks > 3 }
      try FileManager.default.removeItem(atPath: "\(folder)/rec")
      let chunks = recorder.statistics.chunks
      try Self.offer(&ordinal, to: lane) { lane.statistics().restarts > 0 && recorder.statistics.chunks > chunks + 3 }
      Self.end(lane)
      #expect(try RecordingSummary(paths: ["\(folder)/rec"]).isSound)
    }
  }

  @Test func anUnpluggedDiskIsWaitedForAndNotReplacedByTheOneBelow() throws {
    try SmallDisk.with { disk in
      let (recorder, lane) = try Self.lane("\(disk)/rec")
      var ordinal = 0
      try Self.offer(&ordinal, to: lane) { recorder.statistics.chunks > 3 }
      SmallDisk.detach(disk)
      try Self.offer(&ordinal, to: lane) { Self.isFailing(lane) }
      usleep(600_000)
      #expect(!FileManager.default.fileExists(atPath: "\(disk)/rec"))
      #expect(SmallDisk.mount(disk))
      let chunks = recorder.statistics.chunks
      try Self.offer(&ordinal, to: lane) { Self.isRecording(recorder) && recorder.statistics.chunks > chunks + 3 }
      Self.end(lane)
      #expect(try RecordingSummary(paths: ["\(disk)/rec"]).isSound)
    }
  }
}

/// A file system of a few megabytes in memory.
enum SmallDisk {
  static let isPossible: Bool = {
    guard getuid() == 0 else { return false }
    return
      (try? withFolder { folder in
        defer { detach(folder) }
        return mount(folder)
      }) ?? false
  }()

  static func with(_ body: (String) throws -> Void) throws {
    try withFolder { folder in
      try #require(mount(folder))
      defer { detach(folder) }
      try body(folder)
    }
  }

  static func mount(_ folder: String) -> Bool { Glibc.mount("tmpfs", folder, "tmpfs", 0, "size=6m") == 0 }

  static func remount(_ folder: String, _ mode: String) -> Bool {
    Programs.run("/bin/mount", ["-o", "remount,\(mode)", folder]).status == 0
  }

  /// As an unplugged disk: gone from its place, though files on it are open.
  static func detach(_ folder: String) { umount2(folder, Int32(MNT_DETACH)) }

  /// To the last block.
  static func fill(_ path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
    let block = [UInt8](repeating: 1, count: 4096)
    while write(descriptor, block, block.count) > 0 {}
    close(descriptor)
  }
}
