import RoadTelemetry
import Testing

@Suite struct LatencyHistogramTests {
  /// Against percentiles of the sorted values themselves; the histogram keeps three digits.
  @Test func percentilesMatchThoseOfTheSortedValues() {
    let histogram = LatencyHistogram()
    var values: [UInt64] = (0..<10_000).map { ($0 * 7919) % 10_000 * 3_001 + 5_000 }
    for value in values { histogram.record(nanoseconds: value) }
    values.sort()
    let summary = histogram.summary()
    func expect(_ found: UInt64, _ rank: Int) {
      let wanted = Double(values[rank - 1])
      #expect(abs(Double(found) - wanted) <= wanted * 0.001 + 1_024, "\(found) for \(wanted)")
    }
    #expect(summary.count == 10_000)
    expect(summary.p50, 5_000)
    expect(summary.p90, 9_000)
    expect(summary.p99, 9_900)
    expect(summary.maximum, 10_000)
  }

  @Test func isZeroWhileEmpty() {
    #expect(LatencyHistogram().summary() == LatencySummary())
  }

  @Test func durationsBeyondTheRangeCountAsTheLongest() {
    let histogram = LatencyHistogram()
    histogram.record(nanoseconds: .max)
    let summary = histogram.summary()
    #expect(summary.count == 1)
    #expect(summary.maximum >= LatencyHistogram.longest)
    #expect(Double(summary.maximum) < Double(LatencyHistogram.longest) * 1.001)
  }
}
