import Histogram
import RoadBase
import Synchronization

/// Durations of the last minute as percentiles: twelve histograms of five seconds each, two significant digits.
///
/// Recording allocates nothing; reading does.
public final class RecentLatency: Sendable {
  private static let period: UInt64 = 5_000_000_000
  private static let count = 12

  private struct Part {
    var histogram = Histogram<UInt32>(
      lowestDiscernibleValue: 1000, highestTrackableValue: LatencyHistogram.longest,
      numberOfSignificantValueDigits: .two)
    /// Which five seconds of the clock it holds.
    var number: UInt64 = 0
  }

  private let parts = Mutex((0..<RecentLatency.count).map { _ in Part() })

  public init() {}

  /// - Parameter now: nanoseconds of the monotonic clock.
  public func record(nanoseconds: UInt64, now: UInt64) {
    let number = now / Self.period
    parts.withLock { parts in
      let index = Int(number % UInt64(Self.count))
      if parts[index].number != number {
        parts[index].histogram.reset()
        parts[index].number = number
      }
      _ = parts[index].histogram.record(min(nanoseconds, LatencyHistogram.longest))
    }
  }

  /// - Parameter maximum: that is known more exactly: nothing above it is told.
  public func summary(now: UInt64, below maximum: UInt64 = .max) -> LatencySummary {
    let number = now / Self.period
    var sum = Part().histogram
    parts.withLock { parts in
      for part in parts where part.histogram.totalCount > 0 && part.number + UInt64(Self.count) > number {
        sum.add(part.histogram)
      }
    }
    guard sum.totalCount > 0 else { return LatencySummary() }
    return LatencySummary(
      count: sum.totalCount, p50: min(sum.valueAtPercentile(50), maximum),
      p90: min(sum.valueAtPercentile(90), maximum), p99: min(sum.valueAtPercentile(99), maximum),
      p999: min(sum.valueAtPercentile(99.9), maximum), maximum: min(sum.max, maximum))
  }
}
