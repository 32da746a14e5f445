import RoadBase
import RoadFrame

/// What a camera has to remember from frame to frame.
struct CaptureState {
  /// When the last buffer came, or the stream began.
  private(set) var lastArrival: UInt64 = 0

  /// Number of the last buffer, over all sessions, and what to add to the driver's number to get it.
  private var last: UInt64?
  private var offset: UInt64 = 0
  private var isFirst = true
  private var lost = 0

  /// Corrupt frames that were found while draining and not told yet, one count a reason.
  private var pending: (driverError: Int, truncated: Int, undecodable: Int, wrongSize: Int) = (0, 0, 0, 0)

  /// A stream begins: the driver counts from wherever it likes, we go on counting.
  mutating func begin() {
    lastArrival = MonotonicClock.now()
    isFirst = true
  }

  /// Takes note of a buffer's number, and of the frames that the driver dropped between the one before and this one.
  mutating func count(sequence: UInt32) {
    lastArrival = MonotonicClock.now()
    if isFirst {
      isFirst = false
      offset = (last.map { $0 + 1 } ?? 0) &- UInt64(sequence)
      last = number(of: sequence)
      return
    }
    let before = last ?? 0
    var number = number(of: sequence)
    // The driver's 32 bits have run over, or it began to count anew.
    if number <= before { offset &+= before &+ 1 &- number }
    number = self.number(of: sequence)
    last = number
    lost += Int(number - before - 1)
  }

  /// Frames that the driver dropped and that were not told yet.
  mutating func takeLost() -> Int {
    defer { lost = 0 }
    return lost
  }

  func number(of sequence: UInt32) -> UInt64 { UInt64(sequence) &+ offset }

  mutating func addPending(_ reason: CorruptFrame) {
    switch reason {
    case .driverError: pending.driverError += 1
    case .truncated: pending.truncated += 1
    case .undecodable: pending.undecodable += 1
    case .wrongSize: pending.wrongSize += 1
    }
  }

  mutating func takePending() -> CorruptFrame? {
    func take(_ count: inout Int, _ reason: CorruptFrame) -> CorruptFrame? {
      guard count > 0 else { return nil }
      count -= 1
      return reason
    }
    return take(&pending.driverError, .driverError) ?? take(&pending.truncated, .truncated)
      ?? take(&pending.undecodable, .undecodable) ?? take(&pending.wrongSize, .wrongSize)
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
