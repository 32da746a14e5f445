import RoadBase
import RoadFrame

/// Where frames come from: a camera, a folder, a stream, the synthetic road. One thread calls `read`, one after the
/// other.
///
/// Life cycle: made (checks its arguments; throws a `RoadError` with cause and remedy) → `start()` → `read(into:)`
/// until `.ended` → `stop()`. After `start` nothing throws and nothing allocates: what goes wrong with one frame is an
/// outcome, counted by the pipeline's ledger.
public protocol FrameSource: AnyObject, Sendable {
  /// Valid after the source was made; the size may be refined by `start`.
  var properties: SourceProperties { get }

  /// Asks a live source for every frame in turn instead of the newest; called before `start`. A source that cannot
  /// ignores it, and says so in the `skipped` of its outcomes.
  func deliverEveryFrame()

  func start() throws(RoadError)

  /// Fills `frame` with the next frame: for a live source the newest one that the driver holds.
  ///
  /// Waits at most `timeout` nanoseconds. The frame's contents are valid after `.frame` only.
  func read(into frame: Frame, timeout: UInt64) -> ReadOutcome

  func stop()

  /// Why it ended before its time; nil if it came to its own end, or has not ended.
  var failure: RoadError? { get }
}

extension FrameSource {
  public func deliverEveryFrame() {}
  public var failure: RoadError? { nil }
}

/// What one `read` came to.
public enum ReadOutcome: Hashable, Sendable {
  /// `frame` is filled. `skipped`: frames drained from the driver in favour of this newer one; `lost`: frames that the
  /// driver itself dropped before it, by its sequence numbers.
  case frame(skipped: Int, lost: Int)
  /// A frame came but is unusable (torn JPEG, short buffer, error flag); counted, and the next `read` goes on.
  case corrupt(CorruptFrame)
  /// Nothing within the timeout.
  case timedOut
  /// The device went away or fails persistently; the source tries to find it again at the next `read`.
  case disconnected
  /// No further frame will come: end of the folder or stream.
  case ended
}
