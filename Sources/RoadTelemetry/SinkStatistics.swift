import Glibc
import RoadBase

/// Why a sink failed: the system's reasons in the words of statistics.
public enum SinkFailure: Int, CaseIterable, Sendable {
  case diskFull
  case readOnly
  case noPermission
  /// The folder, disk or device went away.
  case gone
  case inputOutput
  case other
}

extension SinkFailure {
  public init(_ error: RoadError) {
    self =
      switch error.code {
      case ENOSPC, EDQUOT: .diskFull
      case EROFS: .readOnly
      case EACCES, EPERM: .noPermission
      case ENOENT, ENOTDIR, ENODEV, ENXIO, ESTALE, ENOTCONN, EPIPE: .gone
      case EIO: .inputOutput
      default: .other
      }
  }
}

/// How a sink does.
public enum SinkHealth: Hashable, Sendable {
  /// Its first start has not ended yet.
  case starting
  case ok
  /// It has been at work on one frame since, longer than a second: a disk or network that hangs.
  case stuck(since: UInt64)
  /// It fails since, with the reason of the last error; it is tried again and again.
  case failing(since: UInt64, reason: String)
  case stopped
}

/// What became of the frames that were offered to one sink. Every one ends in exactly one bin.
public struct SinkCounts: Hashable, Sendable {
  public var offered = 0
  public var delivered = 0
  /// A newer frame took its place while the sink was busy.
  public var superseded = 0
  /// The sink's queue had no room.
  public var tooMuchMemory = 0
  /// Still waiting when the sink was stopped.
  public var unfinished = 0
  private var failures = SIMD8<Int>(repeating: 0)

  public init() {}

  public subscript(failure: SinkFailure) -> Int {
    get { failures[failure.rawValue] }
    set { failures[failure.rawValue] = newValue }
  }

  public var failed: Int { failures.wrappedSum() }
  /// Frames that the sink never got or could not use.
  public var missed: Int { superseded + tooMuchMemory + unfinished + failed }
  /// Frames whose end is still open.
  public var waiting: Int { offered - delivered - superseded - tooMuchMemory - unfinished - failed }

  public static func + (left: Self, right: Self) -> Self {
    var sum = left
    sum.offered += right.offered
    sum.delivered += right.delivered
    sum.superseded += right.superseded
    sum.tooMuchMemory += right.tooMuchMemory
    sum.unfinished += right.unfinished
    sum.failures &+= right.failures
    return sum
  }
}

/// One sink at one moment.
public struct SinkStatistics: Hashable, Sendable {
  public var name: String
  /// A path or an address; nil before the first start or where there is none.
  public var destination: String?
  public var health: SinkHealth
  /// The source's frames as they came.
  public var captured: SinkCounts
  /// Segmented and drawn frames.
  public var shown: SinkCounts
  /// Bytes that wait, and how many may.
  public var waitingBytes: Int
  public var capacityBytes: Int
  /// How often the sink was started again after an error.
  public var restarts: Int
  /// The last one; nil while all went well.
  public var lastError: RoadError?
  /// How long the sink works at one shown frame.
  public var work = LatencySummary()
  /// From a shown frame's capture, by its time stamp, until the sink has done its work.
  public var latency = LatencySummary()

  public init(
    name: String, destination: String? = nil, health: SinkHealth, captured: SinkCounts, shown: SinkCounts,
    waitingBytes: Int, capacityBytes: Int,
    restarts: Int, lastError: RoadError? = nil
  ) {
    self.name = name
    self.destination = destination
    self.health = health
    self.captured = captured
    self.shown = shown
    self.waitingBytes = waitingBytes
    self.capacityBytes = capacityBytes
    self.restarts = restarts
    self.lastError = lastError
  }

  public var total: SinkCounts { captured + shown }

  /// What to tell the user at the end; nil where the sink got all that was offered or dropped it by its own policy.
  public var failure: RoadError? {
    guard let lastError, total.failed > 0 else { return nil }
    return RoadError(
      .output, "\(name): \(total.failed) of \(total.offered) frames failed, the last: \(lastError.cause)",
      remedy: lastError.remedy, code: lastError.code)
  }
}
