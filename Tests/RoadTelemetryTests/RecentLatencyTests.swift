import RoadTelemetry
import Testing

@Suite struct RecentLatencyTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func forgetsWhatIsOlderThanAMinute() {
    let latency = RecentLatency()
    let start = 1000 * Self.second
    #expect(latency.summary(now: start) == LatencySummary())
    for _ in 0..<10 { latency.record(nanoseconds: 80_000_000, now: start) }
    for second in 1...90 as ClosedRange<UInt64> {
      latency.record(nanoseconds: 5_000_000, now: start + second * Self.second)
      if second == 30 { #expect(latency.summary(now: start + 30 * Self.second).maximum >= 79_000_000) }
    }
    let late = latency.summary(now: start + 90 * Self.second)
    #expect((55...60).contains(late.count))
    #expect(late.maximum < 6_000_000 && late.p50 > 4_900_000 && late.p50 < 5_100_000)
    // Nothing came for a minute.
    #expect(latency.summary(now: start + 200 * Self.second).count == 0)
  }

  /// Two digits round up: what the whole run has seen stays the most.
  @Test func tellsNothingAboveTheKnownMaximum() {
    let latency = RecentLatency()
    latency.record(nanoseconds: 1_609_564_000, now: Self.second)
    let summary = latency.summary(now: Self.second, below: 1_609_564_000)
    #expect(summary.maximum == 1_609_564_000 && summary.p99 <= summary.maximum)
  }
}
