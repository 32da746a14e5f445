import Glibc
import RoadBase
import RoadFrame
import RoadSink
import Synchronization

/// Painted pictures as a motion JPEG film (AVI), which every player opens.
///
/// An AVI has no time stamps, only a rate, and live frames come as they come: each one goes to the place that its time
/// stamp says, and places without one repeat the picture before (an empty chunk, 24 bytes). The film thus lasts as long
/// as the drive. It is readable while it grows; a power cut costs at most the last second. After ``AVIWriter/limits`` a
/// new file goes on: `drive.avi`, `drive-2.avi`; an existing file is never overwritten.
public final class MovieFile: FrameSink {
  public let name = "film"
  public let interest: SinkInterest = [.picture, .notices]
  public var destination: String? { state.withLock { $0.path } }
  private let wanted: String

  private struct State: @unchecked Sendable {
    var path: String?
    var size = PictureSize(width: 0, height: 0)
    var rate = 30.0
    var encoder: JPEGEncoder?
    var writer: AVIWriter?
    /// Of the newest frame and the newest notice; 0 before.
    var lastFrame: UInt64 = 0
    var lastNotice: UInt64 = 0
  }
  private let state = Mutex(State())

  /// Nanoseconds without a frame after which a new film begins.
  private static let longestPause: UInt64 = 60_000_000_000
  /// Nanoseconds between two pictures that say why there is no video; none come once the pause is too long.
  private static let noticeInterval: UInt64 = 5_000_000_000

  public init(path: String) { wanted = path }

  public func start(_ session: SinkSession) throws(RoadError) {
    let encoder = try JPEGEncoder(largest: session.source.size)
    state.withLock { state in
      state.size = session.source.size
      state.rate = min(max(session.source.nominalRate ?? 30, 1), 240)
      state.encoder = encoder
    }
    try begin()
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    state.withLock { $0.lastFrame = frame.stamp.timestamp }
    try append(frame.canvas, at: frame.stamp.timestamp)
  }

  public func receive(_ notice: VideoNotice) throws(RoadError) {
    let isWanted = state.withLock { state in
      guard state.lastFrame > 0, notice.time < state.lastFrame &+ Self.longestPause,
        notice.time > max(state.lastNotice, state.lastFrame)
          &+ (state.lastNotice > state.lastFrame ? Self.noticeInterval : 0)
      else { return false }
      state.lastNotice = notice.time
      return true
    }
    if isWanted { try append(notice.canvas, at: notice.time) }
  }

  private func append(_ canvas: Canvas, at timestamp: UInt64) throws(RoadError) {
    if let writer = state.withLock({ $0.writer }), isOver(writer, timestamp) {
      try writer.finish()
      try begin()
    }
    let (encoder, writer) = state.withLock { ($0.encoder, $0.writer) }
    guard let encoder, let writer else { preconditionFailure("film not started") }
    guard let jpeg = encoder.encode(canvas) else {
      throw RoadError(.output, "\(wanted): no memory for the JPEG encoder", remedy: "close other programs")
    }
    try writer.append(jpeg, at: timestamp)
  }

  public func stop() {
    let writer = state.withLock { state in
      defer { state.writer = nil }
      return state.writer
    }
    // After an error there is nobody to tell but the next start.
    do throws(RoadError) { try writer?.finish() } catch {}
  }

  private func isOver(_ writer: AVIWriter, _ timestamp: UInt64) -> Bool {
    writer.isFull || timestamp > writer.lastTimestamp &+ Self.longestPause
  }

  private func begin() throws(RoadError) {
    let (size, rate) = state.withLock { ($0.size, $0.rate) }
    let writer = try AVIWriter(path: wanted, size: size, rate: rate)
    state.withLock { state in
      state.writer = writer
      state.path = writer.path
    }
  }
}
