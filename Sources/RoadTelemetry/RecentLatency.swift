import Histogram
import RoadBase
import Synchronization

/// Durations of the last minute as percentiles: twelve histograms of five seconds each, two significant digits.
///
/// Neither recording nor reading allocates: the draw stage reads, too, for the panel.
public final class RecentLatency: Sendable {
  private static let period: UInt64 = 5_000_000_000
  private static let count = 12

  private static func empty() -> Histogram<UInt32> {
    Histogram(
      lowestDiscernibleValue: 1000, highestTrackableValue: LatencyHistogram.longest,
      numberOfSignificantValueDigits: .two)
  }

  private struct Part {
    var histogram = RecentLatency.empty()
    /// Which five seconds of the clock it holds.
    var number: UInt64 = 0
  }

  private struct Parts {
    var parts = (0..<RecentLatency.count).map { _ in Part() }
    /// Where a summary adds them up.
    var sum = RecentLatency.empty()
  }

  private let state = Mutex(Parts())

  public init() {}

  /// - Parameter now: nanoseconds of the monotonic clock.
  public func record(nanoseconds: UInt64, now: UInt64) {
    let number = now / Self.period
    state.withLock { state in
      let index = Int(number % UInt64(Self.count))
      if state.parts[index].number != number {
        state.parts[index].histogram.reset()
        state.parts[index].number = number
      }
      _ = state.parts[index].histogram.record(min(nanoseconds, LatencyHistogram.longest))
    }
  }

  /// - Parameter maximum: that is known more exactly: nothing above it is told.
  public func summary(now: UInt64, below maximum: UInt64 = .max) -> LatencySummary {
    let number = now / Self.period
    return state.withLock { state in
      state.sum.reset()
      for index in state.parts.indices {
        let isRecent = state.parts[index].number + UInt64(Self.count) > number
        if isRecent, state.parts[index].histogram.totalCount > 0 { state.sum.add(state.parts[index].histogram) }
      }
      guard state.sum.totalCount > 0 else { return LatencySummary() }
      return LatencySummary(
        count: state.sum.totalCount, p50: min(state.sum.valueAtPercentile(50), maximum),
        p90: min(state.sum.valueAtPercentile(90), maximum), p99: min(state.sum.valueAtPercentile(99), maximum),
        p999: min(state.sum.valueAtPercentile(99.9), maximum), maximum: min(state.sum.max, maximum))
    }
  }
}
