import Histogram
import Synchronization

/// Durations of one stage as percentiles: an HDR histogram (three significant digits, 1 µs to 60 s).
///
/// One thread records, another reads; recording allocates nothing. Longer durations count as 60 s.
public final class LatencyHistogram: Sendable {
  /// The longest duration that is told apart, in nanoseconds.
  public static let longest: UInt64 = 60_000_000_000

  private let histogram = Mutex(
    Histogram<UInt64>(
      lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: .three))

  public init() {}

  public func record(nanoseconds: UInt64) {
    histogram.withLock { histogram in
      _ = histogram.record(min(nanoseconds, Self.longest))
    }
  }

  /// The longest duration so far, in nanoseconds; 0 while nothing was recorded.
  public var maximum: UInt64 { histogram.withLock { $0.totalCount > 0 ? $0.max : 0 } }

  public func summary() -> LatencySummary {
    histogram.withLock { histogram in
      guard histogram.totalCount > 0 else { return LatencySummary() }
      return LatencySummary(
        count: histogram.totalCount, p50: histogram.valueAtPercentile(50), p90: histogram.valueAtPercentile(90),
        p99: histogram.valueAtPercentile(99),
        p999: histogram.valueAtPercentile(99.9), maximum: histogram.max)
    }
  }
}

/// Percentiles of durations, in nanoseconds; all zero while nothing was recorded.
public struct LatencySummary: Hashable, Sendable {
  public var count: UInt64 = 0
  public var p50: UInt64 = 0
  public var p90: UInt64 = 0
  public var p99: UInt64 = 0
  public var p999: UInt64 = 0
  public var maximum: UInt64 = 0

  public init() {}

  public init(count: UInt64, p50: UInt64, p90: UInt64, p99: UInt64, p999: UInt64, maximum: UInt64) {
    self.count = count
    self.p50 = p50
    self.p90 = p90
    self.p99 = p99
    self.p999 = p999
    self.maximum = maximum
  }
}
