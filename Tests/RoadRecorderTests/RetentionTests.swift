import Foundation
import RoadRecorder
import Testing

/// What retention deletes, by a clock that is told.
@Suite struct RetentionTests {
  private static let now: UInt64 = 1_790_000_000
  private static let day: UInt64 = 86400

  private func segment(_ number: Int, age: UInt64 = 0, bytes: UInt64 = 100, isProtected: Bool = false) -> Segment {
    Segment(
      name: SegmentName(number: number, seconds: Self.now - age), bytes: bytes, isProtected: isProtected, isOpen: false)
  }

  private func expired(
    _ segments: [Segment], _ limits: RetentionLimits, free: UInt64 = 1 << 40, now: UInt64 = now
  ) -> [Int] {
    Retention.expired(segments, limits: limits, free: free, now: now).map(\.name.number)
  }

  @Test func theOldestGoFirstUntilTheSizeFits() {
    let segments = (0..<5).map { segment($0) }.shuffled()
    #expect(expired(segments, RetentionLimits(totalBytes: 250)) == [0, 1, 2])
    #expect(expired(segments, RetentionLimits(totalBytes: 500)) == [])
    #expect(expired(segments, RetentionLimits()) == [])
  }

  @Test func theOldestGoUntilEnoughIsFree() {
    let segments = (0..<5).map { segment($0) }
    #expect(expired(segments, RetentionLimits(freeBytes: 1000), free: 850) == [0, 1])
  }

  @Test func whatIsTooOldGoes() {
    let segments = [segment(0, age: 9 * Self.day), segment(1, age: 5 * Self.day), segment(2)]
    #expect(expired(segments, RetentionLimits(age: 7 * Self.day)) == [0])
  }

  @Test func protectedAndOpenSegmentsStayWhateverTheLimit() {
    var open = segment(2, age: 99 * Self.day)
    open.isOpen = true
    let segments = [segment(0, age: 99 * Self.day, isProtected: true), segment(1, age: 99 * Self.day), open]
    let limits = RetentionLimits(totalBytes: 0, age: 1, freeBytes: .max)
    #expect(expired(segments, limits, free: 0) == [1])
  }

  /// A board without a battery wakes up in 1970: nothing has an age then, and the order is that of the numbers.
  @Test func aBadClockNeitherDeletesNorReorders() {
    var segments = [segment(0, age: 2 * Self.day), segment(1, age: Self.day)]
    segments.append(Segment(name: SegmentName(number: 2, seconds: 60), bytes: 100, isProtected: false, isOpen: false))
    let limits = RetentionLimits(age: Self.day / 2)
    #expect(expired(segments, limits, now: 120) == [])
    // The clock is right again: what was made by the wrong one has no age.
    #expect(expired(segments, limits) == [0, 1])
    #expect(expired(segments, RetentionLimits(totalBytes: 100)) == [0, 1])
    // A clock behind the newest segment was set back.
    #expect(expired(segments, limits, now: Self.now - 2 * Self.day) == [])
  }

  @Test func namesSortByTimeAndComeBack() throws {
    let early = SegmentName(number: 7, seconds: 60)
    #expect(early.text == "road-000007-19700101T000100Z.mcap")
    #expect(SegmentName(early.text) == early)
    let late = SegmentName(number: 1_234_567, seconds: Self.now)
    #expect(SegmentName(late.text) == late)
    #expect(early < late && SegmentName(number: 6, seconds: Self.now) < early)
    for name in [
      "road-7-19700101T000100Z.mcap", "road-000007-x.mcap", "a.mcap", "road-000007-19700101T000100Z.mcap.protected",
    ] {
      #expect(SegmentName(name) == nil, "\(name)")
    }
  }

  @Test func timeNeverFallsHoweverTheClockIsSet() {
    var clock = RecordingClock()
    clock.follow(wall: 1000, monotonic: 100)
    #expect(clock.stamp(200) == 1100)
    clock.follow(wall: 500, monotonic: 300)
    #expect(clock.stamp(300) == 1200)
    clock.follow(wall: 1_000_000, monotonic: 400)
    #expect(clock.stamp(400) == 1_000_000)
    #expect(clock.stamp(350) == 1_000_000)
  }

  @Test func preRollKeepsTheLastSecondsAndItsBytes() throws {
    func chunk(_ end: UInt64) -> ClosedChunk {
      var builder = ChunkBuilder()
      [UInt8](repeating: 1, count: 1000).withUnsafeBytes {
        builder.append(channel: 1, sequence: 0, logTime: end, publishTime: end, data: $0, isPacked: true)
      }
      return builder.close(nil)
    }
    var roll = PreRoll(duration: 30, capacity: 1 << 20)
    #expect((1...10).map { roll.add(chunk($0 * 10)) }.reduce(0, +) == 6)
    #expect(roll.takeAll().map(\.place.endTime) == [70, 80, 90, 100])
    #expect(roll.isEmpty && roll.bytes == 0)
    var small = PreRoll(duration: 1000, capacity: 3000)
    for index in 1...10 { _ = small.add(chunk(UInt64(index))) }
    #expect(small.takeAll().map(\.place.endTime) == [9, 10])
  }
}
