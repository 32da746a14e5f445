import FlyingFox
import FlyingSocks
import Foundation
import RoadBase

/// One viewer's place: taken before the answer, given back when its stream is gone.
final class Admission: Sendable {
  private let frames: LiveFrames

  /// - Returns: nil when there are too many.
  init?(_ frames: LiveFrames, limit: Int) {
    guard frames.admit(limit: limit) else { return nil }
    self.frames = frames
  }

  deinit { frames.leave() }
}

/// Bytes made piece by piece: each when the one before it was taken by the peer, so that a slow viewer gets fewer of
/// them and never makes anybody's memory grow.
struct PieceSequence: AsyncBufferedSequence {
  typealias Element = UInt8

  /// The next piece; nil ends the stream.
  let next: @Sendable () async -> Data?

  func makeAsyncIterator() -> Iterator { Iterator(next: next) }

  struct Iterator: AsyncBufferedIteratorProtocol {
    let next: @Sendable () async -> Data?
    private var rest = Data()

    init(next: @escaping @Sendable () async -> Data?) { self.next = next }

    mutating func next() async throws -> UInt8? { try await nextBuffer(suggested: 1)?.first }

    mutating func nextBuffer(suggested count: Int) async throws -> Data? {
      if rest.isEmpty {
        guard let piece = await next() else { return nil }
        rest = piece
      }
      let part = rest.prefix(Swift.max(count, 1))
      rest = rest.dropFirst(part.count)
      return Data(part)
    }
  }
}

enum LiveStreams {
  private static let boundary = "roadseg-frame"

  /// MJPEG as browsers, ffmpeg and VLC take it (multipart/x-mixed-replace): always the newest frame.
  ///
  /// - Parameter rate: frames a second at most; nil: as they come.
  static func pictures(_ frames: LiveFrames, rate: Double?, admission: Admission) -> HTTPResponse {
    let pacer = Pacer(rate: rate)
    let sequence = PieceSequence {
      withExtendedLifetime(admission) {}
      guard await pacer.wait(), let frame = await frames.next(after: pacer.seen) else { return nil }
      pacer.seen = frame.number
      var part = Data("--\(boundary)\r\nContent-Type: image/jpeg\r\nContent-Length: \(frame.jpeg.count)\r\n\r\n".utf8)
      part.append(frame.jpeg)
      part.append(contentsOf: [13, 10])
      return part
    }
    return HTTPResponse(
      statusCode: .ok,
      headers: [
        .contentType: "multipart/x-mixed-replace; boundary=\(boundary)", HTTPHeader("Cache-Control"): "no-store",
      ],
      body: HTTPBodySequence(from: sequence, suggestedBufferSize: 64 << 10))
  }

  /// The state once a second as server-sent events; the first holds the history.
  static func events(
    _ frames: LiveFrames, admission: Admission, state: @escaping @Sendable (_ withHistory: Bool) -> Data
  ) -> HTTPResponse {
    let pacer = Pacer(rate: 1)
    let sequence = PieceSequence {
      withExtendedLifetime(admission) {}
      guard await pacer.wait(), !frames.isClosed else { return nil }
      defer { pacer.seen += 1 }
      return Data("data: ".utf8) + state(pacer.seen == 0) + Data("\n\n".utf8)
    }
    return HTTPResponse(
      statusCode: .ok,
      headers: [.contentType: "text/event-stream", HTTPHeader("Cache-Control"): "no-store"],
      body: HTTPBodySequence(from: sequence, suggestedBufferSize: 16 << 10))
  }
}

/// One viewer's clock. Used by one request's task only, hence unchecked.
private final class Pacer: @unchecked Sendable {
  /// Number of the newest frame that the viewer has.
  var seen = 0
  private let interval: UInt64
  private var next: UInt64 = 0

  init(rate: Double?) { interval = rate.map { UInt64(1e9 / $0) } ?? 0 }

  /// - Returns: false when the request was cancelled.
  func wait() async -> Bool {
    let now = MonotonicClock.now()
    if next > now {
      do { try await Task.sleep(nanoseconds: next - now) } catch { return false }
    }
    next = max(next, MonotonicClock.now()) + interval
    return !Task.isCancelled
  }
}
