import CVideoDevice
import Glibc
import RoadBase
import RoadFrame

/// A camera behind Linux' video interface (V4L2, mapped buffers, through libv4l2).
///
/// `read` drains the driver to the newest frame, copies it and gives the buffer back at once. A frame that is torn,
/// short or flagged by the driver is corrupt and counted. When the device goes away, `read` gives `.disconnected` and
/// looks for the same camera (by serial number or socket) from time to time; when it is back, under whatever number, it
/// is opened from zero. A camera that stays connected and sends nothing gives `.timedOut`, and is opened again after
/// ``stallLimit``.
///
/// In steady state nothing is allocated and nothing throws; finding a lost camera again may allocate.
public final class V4L2Camera: FrameSource, @unchecked Sendable {
  /// Nanoseconds without a frame after which the camera is opened again.
  public static let stallLimit: UInt64 = 5_000_000_000

  public let properties: SourceProperties
  /// Why this format, size and rate: one line for the log.
  public let modeReason: String
  /// How often the camera was opened again after it was lost or stalled.
  public private(set) var reopened = 0

  private let choice: ModeChoice
  private let mode: CaptureSession.Mode
  private let identity: CameraIdentity
  private let decoder: JPEGDecoder
  private var session: CaptureSession?
  private var state = CaptureState()
  private var retry = RetryClock()
  private var givesEveryFrame = false

  /// Opens the camera and sets its mode; frames come after `start`.
  ///
  /// - Throws: `.device`: none there, not a camera, no permission, busy, no usable format, or not what was asked for.
  public init(_ request: CameraRequest = CameraRequest()) throws(RoadError) {
    let path = try Self.path(of: request.device)
    decoder = try JPEGDecoder()
    var chosen: ModeChoice?
    let session = try CaptureSession.open(path) { (formats, name) throws(RoadError) in
      let choice = try ModeChoice.choose(from: formats, for: request, name: name)
      chosen = choice
      return choice
    }
    guard let chosen else { preconditionFailure("a session without a mode") }
    choice = chosen
    mode = session.mode
    identity = session.identity
    self.session = session
    modeReason = chosen.reason
    var properties = SourceProperties(
      name: "\(session.identity.card) (\(path))", size: mode.size, format: mode.format, nominalRate: mode.rate,
      isLive: true, frameCount: nil, maximumFrameBytes: mode.frameBytes)
    properties.cameraKey = session.identity.key
    self.properties = properties
  }

  deinit { session?.close() }

  /// "0" → "/dev/video0"; nil → the first camera.
  private static func path(of device: String?) throws(RoadError) -> String {
    if let device { return Int(device) != nil ? "/dev/video\(device)" : device }
    if let first = CameraDirectory.identities().first { return first.path }
    throw CameraError.none(nodes: CameraDirectory.nodes(), problems: CameraDirectory.problems())
  }

  /// From now on `read` gives the oldest frame that the driver holds.
  public func deliverEveryFrame() { givesEveryFrame = true }

  public func start() throws(RoadError) {
    if session == nil { session = try reopen() }
    guard let session else { return }
    do throws(RoadError) {
      try session.start()
    } catch {
      session.close()
      self.session = nil
      throw error
    }
    state.begin()
  }

  public func stop() {
    session?.close()
    session = nil
  }

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    if let pending = state.takePending() { return .corrupt(pending) }
    let deadline = Deadline.after(timeout)
    guard let session = session ?? reconnect(until: deadline) else { return .disconnected }
    switch session.device.wait(until: deadline) {
    case .ready: return drain(session, into: frame) ?? nothing(session)
    case .error: return drain(session, into: frame) ?? gone(session)
    case .timedOut: return nothing(session)
    }
  }

  /// No frame this time. Also after `poll` promised one: libv4l2 swallows those that it cannot convert, for ever if
  /// need be.
  private func nothing(_ session: CaptureSession) -> ReadOutcome {
    if MonotonicClock.now() &- state.lastArrival > Self.stallLimit { lose(session) }
    return .timedOut
  }

  /// Takes every filled buffer, keeps the newest good one and gives the others back; nil if there was none at all.
  private func drain(_ session: CaptureSession, into frame: Frame) -> ReadOutcome? {
    var buffer = v4l2_buffer()
    var held = v4l2_buffer()
    var heldNumber: UInt64 = 0
    var isHolding = false
    var skipped = 0
    // A driver that fills faster than this loop turns must not keep it here for ever.
    for _ in 0..<session.bufferCount {
      let answer = session.dequeue(&buffer)
      if answer == .wouldBlock { break }
      guard answer == .done else {
        return isHolding ? giveAndLose(session, held, heldNumber, frame, skipped) : gone(session)
      }
      let number = state.count(sequence: buffer.sequence)
      if let reason = flaw(of: buffer, in: session) {
        state.addPending(reason)
        guard session.requeue(&buffer) == .done else { return gone(session) }
        continue
      }
      if isHolding {
        skipped += 1
        guard session.requeue(&held) == .done else { return gone(session) }
      }
      held = buffer
      heldNumber = number
      isHolding = true
      if givesEveryFrame { break }
    }
    guard isHolding else { return state.takePending().map { .corrupt($0) } }
    let outcome = give(session, held, heldNumber, frame, skipped)
    if session.requeue(&held) != .done { lose(session) }
    return outcome
  }

  private func flaw(of buffer: v4l2_buffer, in session: CaptureSession) -> CorruptFrame? {
    if buffer.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0 { return .driverError }
    let bytes = session.bytes(of: buffer)
    if let needed = mode.format.frameBytes(size: mode.size, rowPitch: mode.rowPitch) {
      return bytes.count < needed ? .truncated : nil
    }
    return decoder.flaw(of: bytes, wanting: mode.size)
  }

  private func give(
    _ session: CaptureSession, _ buffer: v4l2_buffer, _ number: UInt64, _ frame: Frame, _ skipped: Int
  ) -> ReadOutcome {
    let bytes = session.bytes(of: buffer)
    guard bytes.count <= frame.bytes.count else { return .corrupt(.wrongSize) }
    frame.bytes.copyMemory(from: bytes)
    frame.byteCount = bytes.count
    frame.format = mode.format
    frame.size = mode.size
    frame.rowPitch = mode.rowPitch
    frame.yuvEncoding = mode.encoding
    frame.sequence = number
    (frame.timestamp, frame.timestampSource) = buffer.time(now: MonotonicClock.now())
    return .frame(skipped: skipped, lost: state.takeLost())
  }

  private func giveAndLose(
    _ session: CaptureSession, _ buffer: v4l2_buffer, _ number: UInt64, _ frame: Frame, _ skipped: Int
  ) -> ReadOutcome {
    let outcome = give(session, buffer, number, frame, skipped)
    lose(session)
    return outcome
  }

  private func gone(_ session: CaptureSession) -> ReadOutcome {
    lose(session)
    return .disconnected
  }

  private func lose(_ session: CaptureSession) {
    session.close()
    self.session = nil
    retry.begin()
  }

  /// A new session with the same camera in the same mode; nil if it is not back by the deadline or the next try is
  /// later.
  private func reconnect(until deadline: UInt64) -> CaptureSession? {
    guard retry.wait(until: deadline) else { return nil }
    guard let found = try? reopen() else { return nil }
    do throws(RoadError) {
      try found.start()
    } catch {
      found.close()
      return nil
    }
    session = found
    reopened += 1
    retry.succeeded()
    state.begin()
    return found
  }

  private func reopen() throws(RoadError) -> CaptureSession {
    guard let path = identity.find(among: CameraDirectory.identities()) else {
      throw RoadError(.device, "\(properties.name): is gone", remedy: "plug the camera in again")
    }
    let wanted = choice
    let found = try CaptureSession.open(path) { (_, _) throws(RoadError) in wanted }
    guard found.mode.size == mode.size, found.mode.rowPitch == mode.rowPitch, found.mode.fourCC == mode.fourCC else {
      found.close()
      throw RoadError(.device, "\(path): no longer gives \(choice.fourCC) \(mode.size)")
    }
    return found
  }
}

extension v4l2_buffer {
  /// The driver's time stamp if it is of the monotonic clock and plausible, else the time of arrival.
  fileprivate func time(now: UInt64) -> (UInt64, TimestampSource) {
    let stamp = UInt64(max(timestamp.tv_sec, 0)) &* 1_000_000_000 &+ UInt64(max(timestamp.tv_usec, 0)) &* 1000
    let clock = flags & UInt32(V4L2_BUF_FLAG_TIMESTAMP_MASK)
    // A stamp far off is a driver's mistake. One a little ahead of us is not: some give the moment when the frame ought
    // to be complete, and uvcvideo's clock recovery overshoots.
    let isPlausible = stamp < now + 1_000_000_000 && stamp + 10_000_000_000 > now
    guard clock == UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC), isPlausible else { return (now, .arrival) }
    let isExposure = flags & UInt32(V4L2_BUF_FLAG_TSTAMP_SRC_MASK) == UInt32(V4L2_BUF_FLAG_TSTAMP_SRC_SOE)
    return (min(stamp, now), isExposure ? .startOfExposure : .endOfFrame)
  }
}
