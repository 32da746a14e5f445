import RoadBase
import RoadFrame

/// What a camera has to remember from frame to frame.
package struct CaptureState {
  /// When the last buffer came, or the stream began.
  package private(set) var lastArrival: UInt64 = 0

  /// Numbers of the last buffer: ours, over all sessions, and the driver's, in this one.
  private var last: UInt64?
  private var lastOfDriver: UInt32?
  private var lost = 0

  /// Corrupt frames that were found while draining and not told yet, one count a reason.
  package init() {}

  private var pending = [Int](repeating: 0, count: Self.reasons.count)
  private static let reasons = CorruptFrame.allCases

  /// A stream begins: the driver counts from wherever it likes, we go on counting.
  package mutating func begin() {
    lastArrival = MonotonicClock.now()
    lastOfDriver = nil
  }

  /// Takes note of a buffer and of the frames that the driver dropped before it.
  ///
  /// - Returns: the buffer's own number, which goes on over sessions.
  package mutating func count(sequence: UInt32) -> UInt64 {
    lastArrival = MonotonicClock.now()
    // Modulo 2^32; a step back means that the driver counts anew.
    var step = lastOfDriver.map { sequence &- $0 } ?? 1
    if step == 0 || step > UInt32.max / 2 { step = 1 }
    lost += Int(step) - 1
    lastOfDriver = sequence
    let number = last.map { $0 + UInt64(step) } ?? 0
    last = number
    return number
  }

  /// Frames that the driver dropped and that were not told yet.
  package mutating func takeLost() -> Int {
    defer { lost = 0 }
    return lost
  }

  package mutating func addPending(_ reason: CorruptFrame) {
    for index in pending.indices where Self.reasons[index] == reason { pending[index] += 1 }
  }

  package mutating func takePending() -> CorruptFrame? {
    for index in pending.indices where pending[index] > 0 {
      pending[index] -= 1
      return Self.reasons[index]
    }
    return nil
  }
}

/// When to look for a lost camera: soon at first, then ever more seldom, at least every two seconds.
struct RetryClock {
  private static let first: UInt64 = 100_000_000
  private static let longest: UInt64 = 2_000_000_000

  private var pause = RetryClock.first
  private var next: UInt64 = 0

  /// The camera was lost.
  mutating func begin() { next = MonotonicClock.now() + pause }

  mutating func succeeded() { pause = Self.first }

  /// Sleeps until the next try is due, or `deadline`; true if it is due, and then plans the one after it.
  mutating func wait(until deadline: UInt64) -> Bool {
    Deadline.sleep(until: min(next, deadline))
    guard Deadline.remaining(next) == 0 else { return false }
    pause = min(2 * pause, Self.longest)
    next = MonotonicClock.now() + pause
    return true
  }
}
