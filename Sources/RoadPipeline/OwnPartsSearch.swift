import RoadBase
import RoadMask
import Synchronization

/// Looks for the car's own parts while frames flow.
///
/// The infer thread gives small grey pictures, of which those count in which the picture moves (``OwnPartsFinder``).
/// After every ``window`` of them what stayed is found. What was found in two windows that follow each other, one
/// knowing nothing of the other, and nearly the same in both, belongs to the car: the lines of a straight road stay in
/// one window, seldom in two. Then the search ends, as it does after ``windows`` without such a pair.
///
/// The infer thread only adds numbers up and takes no memory; the finding is for another thread, see ``check()``.
final class OwnPartsSearch: Sendable {
  /// Looks with motion: about a minute of driving at 30 frames a second, of which every eighth is looked at.
  static let window = 240
  static let windows = 20
  /// More of the picture than that is no car.
  private static let mostShare = 40

  enum Outcome {
    case goesOn
    /// Nil: the camera sees nothing of its car.
    case found(OwnParts?)
    case gaveUp
  }

  struct Progress {
    /// Looks with motion in this window.
    var moving = 0
    /// Windows that are over.
    var windows = 0
    var isOver = false
  }

  private struct Sums {
    var finder: OwnPartsFinder?
    var progress = Progress()
    /// The finder has a window's sums, which nobody has looked at.
    var isFull = false
  }

  /// Of the thread that checks.
  private struct Findings {
    var scratch: OwnPartsFinder?
    var last: [Bool]?
  }

  private let sums = Mutex(Sums())
  private let findings = Mutex(Findings())

  var progress: Progress { sums.withLock { $0.progress } }

  /// Of the infer thread. Pictures of another size than the first are passed over.
  func look(_ picture: LumaPlane) {
    sums.withLock { sums in
      guard !sums.progress.isOver, !sums.isFull else { return }
      if sums.finder == nil {
        sums.progress.isOver = picture.size.width < 8 || picture.size.height < 8
        guard !sums.progress.isOver else { return }
        sums.finder = OwnPartsFinder(size: picture.size)
      }
      guard let finder = sums.finder, finder.size == picture.size else { return }
      finder.add(picture)
      sums.progress.moving = finder.movingFrames
      sums.isFull = finder.movingFrames >= Self.window
    }
  }

  /// Looks at a window that is over, which takes some milliseconds and memory: for a thread that nothing waits for.
  func check() -> Outcome {
    findings.withLock { findings in
      guard let scratch = takeWindow(&findings) else { return .goesOn }
      let found = scratch.found()
      defer { findings.last = found }
      let isEnd = progress.windows >= Self.windows
      guard let last = findings.last, let common = Self.agreed(last, found) else {
        if isEnd { finish() }
        return isEnd ? .gaveUp : .goesOn
      }
      finish()
      return .found(OwnParts(outlining: common, size: scratch.size))
    }
  }

  /// Nothing is looked for any more.
  func end() { finish() }

  private func finish() { sums.withLock { $0.progress.isOver = true } }

  private func takeWindow(_ findings: inout Findings) -> OwnPartsFinder? {
    let size = sums.withLock { $0.isFull ? $0.finder?.size : nil }
    guard let size else { return nil }
    let scratch = findings.scratch ?? OwnPartsFinder(size: size)
    findings.scratch = scratch
    sums.withLock { sums in
      guard let finder = sums.finder else { return }
      scratch.copySums(from: finder)
      finder.clear()
      sums.isFull = false
      sums.progress.windows += 1
      sums.progress.moving = 0
    }
    return scratch
  }

  /// What both have; nil where they differ by more than a fifth of all that either has, or have too much.
  static func agreed(_ last: [Bool], _ found: [Bool]) -> [Bool]? {
    let common = zip(last, found).map { $0 && $1 }
    let both = common.count { $0 }
    let either = zip(last, found).count { $0 || $1 }
    guard 5 * (either - both) <= either, either * 100 <= mostShare * found.count else { return nil }
    return common
  }
}
