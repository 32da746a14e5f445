import Glibc
import RoadBase
import RoadFrame
import RoadSink
import Synchronization

/// Overlays as numbered JPEGs in a folder: `frame-000042.jpg` is the source's frame 42, whatever became of the others.
/// While a live source shows nothing, `no-video.jpg` says why; the next frame removes it.
/// The folder is this run's alone (see ``SessionFolder``).
public final class OverlayFiles: FrameSink {
  public let name = "overlays"
  public let interest: SinkInterest = [.picture, .notices]
  public var destination: String? { state.withLock { $0.session?.path } }
  private let folder: String
  private struct State {
    /// From the first start on.
    var session: SessionFolder?
    /// Nil while stopped.
    var encoder: JPEGEncoder?
    var hasNotice = false
  }
  private let state = Mutex(State())

  public init(folder: String) { self.folder = folder }

  /// - Throws: `.output` when the folder cannot be made or written to.
  public func start(_ session: SinkSession) throws(RoadError) {
    var own = state.withLock { $0.session }
    try own?.reopen()
    if own == nil { own = try SessionFolder(in: folder) }
    let fresh = State(session: own, encoder: try JPEGEncoder(largest: session.source.size))
    state.withLock { $0 = fresh }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    let state = state.withLock { $0 }
    guard let encoder = state.encoder, let session = state.session else { preconditionFailure("overlays not started") }
    try encoder.write(frame.canvas, to: "\(session.path)/\(FrameName.of(frame.stamp.ordinal)).jpg")
    guard state.hasNotice else { return }
    unlink("\(session.path)/\(Self.noticeName)")
    self.state.withLock { $0.hasNotice = false }
  }

  public func receive(_ notice: VideoNotice) throws(RoadError) {
    let state = state.withLock { $0 }
    guard let encoder = state.encoder, let session = state.session else { preconditionFailure("overlays not started") }
    try encoder.write(notice.canvas, to: "\(session.path)/\(Self.noticeName)")
    self.state.withLock { $0.hasNotice = true }
  }

  private static let noticeName = "no-video.jpg"

  public func stop() { state.withLock { $0.encoder = nil } }
}

enum FrameName {
  /// "frame-000042"
  static func of(_ ordinal: Int) -> String {
    let digits = String(ordinal)
    return "frame-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
