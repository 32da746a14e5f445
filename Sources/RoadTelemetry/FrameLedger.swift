import Synchronization

/// Where a frame's life ended. Every frame number that a source used ends in exactly one of these.
public enum FrameFate: Int, CaseIterable, Sendable {
  /// Drawn and handed to every sink.
  case shown
  /// A newer frame took its place in our ring before the network was free for it.
  case superseded
  /// Drained from the driver, unread, in favour of a newer one.
  case drained
  /// Dropped by the driver itself: a gap in its sequence numbers.
  case lostInDriver
  /// Unusable: the driver set its error flag.
  case driverError
  /// Unusable: fewer bytes than the format needs.
  case truncated
  /// Unusable: no JPEG, or the decoder refused.
  case undecodable
  /// Unusable: another size than the stream's.
  case wrongSize
  /// Still on its way when the pipeline was stopped.
  case unfinished
  /// Dropped before the network, so that others come in time: it would have been later than the budget, or a lower
  /// rate was chosen for the same reason.
  case late
}

/// Counts every frame in and every frame out, so that none can vanish unseen.
///
/// `enter` is called when a frame number becomes known, `settle` when its fate is. Any thread may call; nothing
/// allocates.
public final class FrameLedger: Sendable {
  private let counts = Mutex(LedgerCounts())

  public init() {}

  /// `frames` more numbers are known.
  public func enter(_ frames: Int = 1) {
    precondition(frames >= 0, "\(frames) frames entered")
    counts.withLock { $0.entered += frames }
  }

  /// `frames` of those entered have come to their end.
  public func settle(_ fate: FrameFate, _ frames: Int = 1) {
    precondition(frames >= 0, "\(frames) frames settled as \(fate)")
    counts.withLock { $0.settled[fate] += frames }
  }

  /// Both at once: frames that are heard of only after their end.
  public func enterSettled(_ fate: FrameFate, _ frames: Int = 1) {
    precondition(frames >= 0, "\(frames) frames entered as \(fate)")
    counts.withLock { counts in
      counts.entered += frames
      counts.settled[fate] += frames
    }
  }

  public func snapshot() -> LedgerCounts { counts.withLock { $0 } }
}

/// What a ``FrameLedger`` held at one moment.
public struct LedgerCounts: Hashable, Sendable {
  /// Frame numbers in all.
  public var entered = 0
  public var settled = FateCounts()

  public init() {}

  public subscript(fate: FrameFate) -> Int { settled[fate] }

  /// Frames that have entered and whose fate is still open.
  public var inFlight: Int { entered - settled.total }
  /// After the end: every frame has exactly one fate.
  public var balances: Bool { inFlight == 0 }
  /// Frames that came and were unusable, whatever the reason.
  public var corrupt: Int { self[.driverError] + self[.truncated] + self[.undecodable] + self[.wrongSize] }
}

extension LedgerCounts {
  /// Frames on their way count as unfinished: for who has to report before the pipeline has ended.
  public mutating func settleInFlight() { settled[.unfinished] += inFlight }

  public static func += (left: inout Self, right: Self) {
    left.entered += right.entered
    for fate in FrameFate.allCases { left.settled[fate] += right[fate] }
  }
}

/// One count for each ``FrameFate``; a plain value without heap memory.
public struct FateCounts: Hashable, Sendable {
  /// Indexed by raw value; a vector because it is the one fixed array that is also Hashable.
  private var counts = SIMD16<Int>(repeating: 0)

  public init() {}

  public var total: Int { counts.wrappedSum() }

  public subscript(fate: FrameFate) -> Int {
    get { counts[fate.rawValue] }
    set { counts[fate.rawValue] = newValue }
  }

  public static func += (left: inout Self, right: Self) { left.counts &+= right.counts }
}
