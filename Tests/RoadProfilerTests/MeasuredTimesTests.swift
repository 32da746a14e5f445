import RoadProfiler
import Testing

@Suite("Times of a stage or layer") struct MeasuredTimesTests {
  @Test("percentiles, jitter and the interval of the repetitions' medians")
  func percentiles() {
    let times = MeasuredTimes(
      repetitions: (0..<4).map { block in (1...250).map { UInt64(1_000_000 * (250 * block + $0)) } })
    #expect(times.median == 501)
    #expect(times.p90 == 901)
    #expect(times.p99 == 991)
    #expect(times.p999 == 1000)
    #expect(times.maximum == 1000)
    #expect(times.jitter == 1)
    #expect(times.low == 126)
    #expect(times.high == 876)
  }

  @Test("one measurement is its own everything")
  func single() {
    let times = MeasuredTimes(repetitions: [[3_000_000]])
    #expect([times.median, times.p999, times.maximum, times.low, times.high] == [3, 3, 3, 3, 3])
    #expect(times.jitter == 0 && times.spread == 0)
  }
}
