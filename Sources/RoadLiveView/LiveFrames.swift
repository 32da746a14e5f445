import Foundation
import Synchronization

/// The newest shown frame as JPEG, for everyone who looks. The sink's thread publishes, viewers wait for what is newer
/// than what they have: a slow viewer misses frames and holds nothing up.
final class LiveFrames: Sendable {
  struct Encoded: Sendable {
    /// Counts the published frames.
    let number: Int
    let jpeg: Data
  }

  private struct State {
    var newest: Encoded?
    var published = 0
    var viewers = 0
    var isClosed = false
    /// One of each waiting viewer at most.
    var waiting: [CheckedContinuation<Encoded?, Never>] = []
  }

  private let state = Mutex(State())

  var isClosed: Bool { state.withLock { $0.isClosed } }

  var viewers: Int { state.withLock { $0.viewers } }

  /// - Returns: false when there are as many as `limit`.
  func admit(limit: Int) -> Bool {
    state.withLock { state in
      guard state.viewers < limit, !state.isClosed else { return false }
      state.viewers += 1
      return true
    }
  }

  func leave() { state.withLock { $0.viewers -= 1 } }

  func publish(_ jpeg: Data) {
    let (frame, waiting) = state.withLock { state in
      state.published += 1
      let frame = Encoded(number: state.published, jpeg: jpeg)
      state.newest = frame
      defer { state.waiting.removeAll(keepingCapacity: true) }
      return (frame, state.waiting)
    }
    for viewer in waiting { viewer.resume(returning: frame) }
  }

  /// Waits for a frame newer than number `seen`; ``wakeAll`` gives the same one again. Nil once it is closed.
  func next(after seen: Int) async -> Encoded? {
    await withCheckedContinuation { continuation in
      let answer: Encoded?? = state.withLock { state in
        if state.isClosed { return .some(nil) }
        if let newest = state.newest, newest.number > seen { return .some(newest) }
        state.waiting.append(continuation)
        return nil
      }
      if let answer { continuation.resume(returning: answer) }
    }
  }

  /// Gives those who wait the last frame again, so that a viewer who is gone is noticed although no frames come.
  func wakeAll() {
    let (frame, waiting) = state.withLock { state in
      guard let newest = state.newest else { return (Encoded?.none, [CheckedContinuation<Encoded?, Never>]()) }
      defer { state.waiting.removeAll(keepingCapacity: true) }
      return (newest, state.waiting)
    }
    for viewer in waiting { viewer.resume(returning: frame) }
  }

  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting.removeAll() }
      return state.waiting
    }
    for viewer in waiting { viewer.resume(returning: nil) }
  }
}
