/// Times of one stage or layer over the measured frames, in milliseconds.
///
/// Percentiles are those of the samples themselves: a profile keeps them all, so nothing is binned.
public struct MeasuredTimes: Hashable, Sendable, Codable {
  public var median: Double
  public var p90: Double
  public var p99: Double
  public var p999: Double
  public var maximum: Double
  /// Mean difference between one frame and the next.
  public var jitter: Double
  /// Smallest and largest median of the repetitions. With six of them the true median lies between with 97 % (each is
  /// above or below it with one half: 1 − 2 · 2⁻⁶), whatever the distribution, as long as the machine stays the same.
  public var low: Double
  public var high: Double

  /// - Parameter repetitions: the samples of each repetition, in the order they were measured, in nanoseconds; at least
  ///   one, none of them empty.
  public init(repetitions: [[UInt64]]) {
    precondition(!repetitions.isEmpty && repetitions.allSatisfy { !$0.isEmpty }, "a repetition without measurements")
    let sorted = repetitions.joined().sorted()
    func quantile(_ share: Double) -> Double {
      Double(sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]) / 1e6
    }
    median = quantile(0.5)
    p90 = quantile(0.9)
    p99 = quantile(0.99)
    p999 = quantile(0.999)
    maximum = quantile(1)
    let medians = repetitions.map { samples in Double(samples.sorted()[samples.count / 2]) / 1e6 }
    low = medians.reduce(median, min)
    high = medians.reduce(median, max)
    let steps = repetitions.flatMap { samples in zip(samples, samples.dropFirst()).map { $0 > $1 ? $0 - $1 : $1 - $0 } }
    jitter = steps.isEmpty ? 0 : Double(steps.reduce(0, +)) / Double(steps.count) / 1e6
  }

  /// Half the width of low...high, as a share of the median.
  public var spread: Double { median > 0 ? (high - low) / 2 / median : 0 }
}
