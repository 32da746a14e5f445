import RoadBase
import RoadFrame
import RoadMask
import RoadTelemetry
import Synchronization

/// A segmenter that takes the place of the usual one when frames are late.
public struct LighterSegmenter: Sendable {
  /// For people: "input 320x240", "model contextnet".
  public var name: String
  public var segmenter: any Segmenter

  public init(name: String, segmenter: any Segmenter) {
    self.name = name
    self.segmenter = segmenter
  }
}

extension LighterSegmenter {
  /// The coarsest stride of the shipped networks, in pixels of their input.
  private static let coarsestStride = 32

  /// The network input to step down to from `usual`: about half the pixels (7/10 of each side), or `usual` itself where
  /// that is too small.
  ///
  /// Each side keeps its remainder by 32, so that the grid of the coarsest stride lies over the picture's edge as it
  /// did in training. 360 rows leave 8: with 264 rows the shipped networks have 0.004 to 0.010 more of road IoU than
  /// with 256 (`Calibration/training/experiments.md`).
  public static func inputSize(below usual: PictureSize) -> PictureSize {
    let small = PictureSize(width: side(below: usual.width), height: side(below: usual.height))
    return small.pixels < usual.pixels ? small : usual
  }

  private static func side(below length: Int) -> Int {
    let remainder = length % coarsestStride
    let cells = (7 * length - 10 * remainder + 5 * coarsestStride) / (10 * coarsestStride)
    return remainder + coarsestStride * max(cells, remainder == 0 ? 1 : 0)
  }
}

/// The ladder of a pipeline with a budget: level 0 is the usual way, level 1 every second frame, then every second
/// frame through each lighter segmenter. All of them are made and run once before the first frame.
final class Degrading: Sendable {
  let segmenters: [any Segmenter]
  private let ladder: Mutex<DegradeLadder>

  /// - Parameter budget: nanoseconds from capture to the drawn picture.
  init(budget: UInt64, usual: any Segmenter, lighter: [LighterSegmenter]) {
    segmenters = [usual] + lighter.map(\.segmenter)
    let costs = segmenters.map(Self.cost)
    var levels = [
      DegradeLadder.Level(name: "full", stride: 1, cost: costs[0]),
      DegradeLadder.Level(name: "half rate", stride: 2, cost: costs[0]),
    ]
    for (entry, cost) in zip(lighter, costs.dropFirst()) {
      levels.append(DegradeLadder.Level(name: "half rate, \(entry.name)", stride: 2, cost: cost))
    }
    ladder = Mutex(DegradeLadder(budget: budget, levels: levels))
  }

  /// Nanoseconds of one picture: the faster of two, the first of which also brings code and weights into memory.
  private static func cost(_ segmenter: any Segmenter) -> UInt64 {
    let picture = Picture(size: segmenter.pictureSize)
    let map = ClassMap(size: segmenter.pictureSize)
    return (0..<2).map { _ in
      let start = MonotonicClock.now()
      _ = segmenter.segment(picture, into: map)
      return MonotonicClock.now() - start
    }.min() ?? 0
  }

  /// - Returns: the verdict, and the segmenter for this frame.
  func admit(captured: UInt64, now: UInt64) -> (DegradeLadder.Verdict, segmenter: Int) {
    ladder.withLock { ladder in (ladder.admit(captured: captured, now: now), max(0, ladder.level - 1)) }
  }

  func finished(captured: UInt64, taken: UInt64, drawn: UInt64) {
    ladder.withLock { $0.finished(captured: captured, taken: taken, drawn: drawn) }
  }

  var level: Int { ladder.withLock { $0.level } }
  var levels: [String] { ladder.withLock { $0.levels.map(\.name) } }
  var state: DegradeState { ladder.withLock { $0.state } }
}
