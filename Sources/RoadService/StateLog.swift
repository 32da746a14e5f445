import RoadBase

/// A log of what changes: a state is told once when it begins and once when it ends, however often it is seen, and one
/// that comes and goes is told at most so often.
public struct StateLog: Sendable {
  private let writer: any LogWriter
  private let interval: UInt64
  private var states: [String: State] = [:]

  private struct State: Sendable {
    var text: String?
    var told: UInt64
    var hidden = 0
  }

  /// - Parameter seconds: between two entries about one thing.
  public init(_ writer: any LogWriter, seconds: UInt64 = 10) {
    self.writer = writer
    interval = seconds * 1_000_000_000
  }

  /// - Parameters:
  ///   - thing: what the state is of, such as "camera".
  ///   - text: what is wrong with it; nil when it is well.
  ///   - now: nanoseconds of the monotonic clock.
  public mutating func update(_ thing: String, _ text: String?, now: UInt64 = MonotonicClock.now()) {
    guard var state = states[thing] else {
      states[thing] = State(text: text, told: now)
      if let text { tell(thing, text, hidden: 0) }
      return
    }
    guard state.text != text else { return }
    if now &- state.told >= interval {
      tell(thing, text, hidden: state.hidden)
      state = State(text: text, told: now)
    } else {
      // The state that was not told stays the known one, so that the next update after the interval tells it.
      state.hidden += 1
    }
    states[thing] = state
  }

  private func tell(_ thing: String, _ text: String?, hidden: Int) {
    let more = hidden > 0 ? " (and \(hidden) changes not logged)" : ""
    let fields = ["thing": thing, "state": text ?? "well"]
    writer.write(LogEntry(text == nil ? .notice : .warning, "\(thing): \(text ?? "well again")\(more)", fields: fields))
  }
}
