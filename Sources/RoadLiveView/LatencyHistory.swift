import RoadBase
import Synchronization

/// Latency from capture to the page's newest picture, second by second over the last minutes: what the page plots.
final class LatencyHistory: Sendable {
  /// One second.
  struct Second: Sendable, Encodable {
    /// Since the first frame.
    var seconds: Int
    var frames: Int
    /// Milliseconds.
    var p50: Double
    var p99: Double
  }

  /// Seconds that are kept: five minutes.
  static let kept = 300

  private struct State {
    var begun: UInt64?
    var second = 0
    /// Milliseconds of the second that is under way.
    var samples: [Double] = []
    var seconds: [Second] = []
  }

  private let state: Mutex<State>

  init() {
    var state = State()
    state.samples.reserveCapacity(512)
    state.seconds.reserveCapacity(Self.kept)
    self.state = Mutex(state)
  }

  func record(nanoseconds: UInt64, at now: UInt64) {
    state.withLock { state in
      let begun = state.begun ?? now
      state.begun = begun
      let second = Int((now &- begun) / 1_000_000_000)
      if second != state.second { Self.finish(&state, next: second) }
      if state.samples.count < 512 { state.samples.append(Double(nanoseconds) / 1e6) }
    }
  }

  /// The finished seconds, oldest first.
  var seconds: [Second] { state.withLock { $0.seconds } }

  private static func finish(_ state: inout State, next: Int) {
    defer {
      state.samples.removeAll(keepingCapacity: true)
      state.second = next
    }
    guard !state.samples.isEmpty else { return }
    let sorted = state.samples.sorted()
    if state.seconds.count == kept { state.seconds.removeFirst() }
    state.seconds.append(
      Second(
        seconds: state.second, frames: sorted.count, p50: rounded(sorted[sorted.count / 2]),
        p99: rounded(sorted[min(sorted.count * 99 / 100, sorted.count - 1)])))
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
