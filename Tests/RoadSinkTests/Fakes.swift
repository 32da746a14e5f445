import Dispatch
import RoadBase
import RoadFrame
import RoadMask
import RoadSink
import RoadTelemetry
import Synchronization

/// A sink that remembers what it was given and does what the test says before each frame.
final class TestSink: FrameSink {
  enum Event: Hashable {
    case start
    case captured(Int, isWhole: Bool)
    case shown(Int, isWhole: Bool)
    case settled(Int, FrameFate)
    case stop
    /// Told to `before` only.
    case idle
  }

  let name = "test"
  let interest: SinkInterest
  private let list = Mutex<[Event]>([])
  private let fates = Mutex(FateCounts())
  private let before: @Sendable (Event) throws(RoadError) -> Void

  init(_ interest: SinkInterest, before: @escaping @Sendable (Event) throws(RoadError) -> Void = { _ in }) {
    self.interest = interest
    self.before = before
  }

  var events: [Event] { list.withLock { $0 } }
  /// All that it was told, those missed included.
  var toldFates: FateCounts { fates.withLock { $0 } }

  private func note(_ event: Event) throws(RoadError) {
    try before(event)
    list.withLock { $0.append(event) }
  }

  func start(_ session: SinkSession) throws(RoadError) { try note(.start) }

  func receive(_ frame: CapturedFrame) throws(RoadError) {
    let byte = UInt8(truncatingIfNeeded: frame.stamp.ordinal)
    try note(.captured(frame.stamp.ordinal, isWhole: frame.bytes.allSatisfy { $0 == byte }))
  }

  func receive(_ frame: ShownFrame) throws(RoadError) {
    let byte = UInt8(truncatingIfNeeded: frame.stamp.ordinal)
    let hasPicture = !interest.contains(.picture) || frame.canvas.picture?.base[0] == byte
    let hasMap = !interest.contains(.map) || frame.map.bytes.allSatisfy { $0 == byte }
    try note(.shown(frame.stamp.ordinal, isWhole: hasPicture && hasMap))
  }

  func receive(_ frames: SettledFrames) throws(RoadError) {
    try note(.settled(frames.ordinal, frames.fate))
    fates.withLock { fates in
      fates += frames.missed
      fates[frames.fate] += frames.count
    }
  }

  func idle() throws(RoadError) { try before(.idle) }

  func stop() { list.withLock { $0.append(.stop) } }
}

/// Frames whose bytes all are the frame's number.
final class TestFrames {
  static let size = PictureSize(width: 16, height: 8)
  private let frame = Frame(capacity: 4096)
  private let picture = Picture(size: size)
  private let map = ClassMap(size: size)

  static var session: SinkSession {
    SinkSession(
      source: SourceProperties(
        name: "test", size: size, format: .mjpeg, nominalRate: nil, isLive: true, frameCount: nil,
        maximumFrameBytes: 4096), classes: .driving7, identity: RunIdentity())
  }

  static var offlineSession: SinkSession {
    var session = session
    session.source.isLive = false
    return session
  }

  func captured(_ ordinal: Int, bytes: Int = 100) -> CapturedFrame {
    frame.bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: ordinal))
    frame.byteCount = bytes
    frame.format = .mjpeg
    return CapturedFrame(ordinal: ordinal, frame)
  }

  func shown(_ ordinal: Int) -> ShownFrame {
    let byte = UInt8(truncatingIfNeeded: ordinal)
    picture.fill(red: byte, green: byte, blue: byte)
    map.bytes.update(repeating: byte)
    let stamp = FrameStamp(ordinal: ordinal, sequence: 0, timestamp: 0, timestampSource: .arrival)
    return ShownFrame(stamp: stamp, picture: picture, map: map)
  }
}

extension SinkLane {
  /// Gives the sink all that waits, and its stop.
  func finish() -> Bool {
    close()
    _ = wait(until: MonotonicClock.now() + 5_000_000_000)
    return end()
  }
}

/// Waits for what another thread does.
func eventually(_ condition: () -> Bool) -> Bool {
  let deadline = MonotonicClock.now() + 5_000_000_000
  while MonotonicClock.now() < deadline {
    if condition() { return true }
    _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(2))
  }
  return condition()
}
