import RoadBase

/// Steadies a network's scores over time: where the picture has not changed, once motion is taken out, what the network
/// said of the frames before counts, too.
///
/// The definition, in integers. Scores are taken in 1/128 steps. For a score pixel, v is the vector of the block of the
/// picture that its centre lies in, and d the change there (``PictureChange``, of the network's own input). Then
///
///     state(x, t) = w + floor(((score(x, t) − w) · a + 128) / 256)
///     w = state(x + v, t − 1)      bilinear between four score pixels, the place in 1/16, limited to the edge
///     a = 256 for d ≥ changed; least for d ≤ still; between them on a straight line, rounded down
///
/// and what is given on is the state, rounded to the bits that the network's scores have. The state begins anew (a =
/// 256 everywhere) with the first frame, after a gap (``FrameMoment/follows(_:)``), and where more than half of the
/// picture has changed: a cut.
///
/// Work is cut into strips that threads may share, see ``StabiliserStep``; the result does not depend on the threads.
/// Made once for a network; nothing is allocated while frames flow.
public final class ScoreStabiliser: @unchecked Sendable {
  public let options: StabiliseOptions
  /// The steadied scores.
  public let output: ScoreView

  /// What the network saw, small and grey; of the frame whose ``StabiliserStep/grey`` was run last.
  public var small: LumaPlane { change.current }

  private let change: PictureChange
  private let plane: ScorePlane
  private let cells: CellMap
  private var last: FrameMoment?
  /// Whether the frame in work takes nothing from those before.
  private var isFresh = true

  /// - Parameters:
  ///   - scores: those that will be steadied; their shape counts here.
  ///   - input: size of the picture that the network sees.
  ///   - road: the class, and for one score a pixel which scores are above its level, for the figures.
  public init(scores: ScoreView, input: PictureSize, road: RoadRule, options: StabiliseOptions) {
    self.options = options
    change = PictureChange(of: input)
    plane = ScorePlane(like: scores, road: road)
    cells = CellMap(scores: PictureSize(width: scores.width, height: scores.height), change: change)
    output = plane.output
  }

  /// Units of work of a step.
  public func strips(_ step: StabiliserStep) -> Int {
    switch step {
    case .grey, .match: change.strips
    case .smooth: plane.height
    }
  }

  /// Begins a frame. Then each step, in order, is run for all of its strips, with ``decide()`` before the last.
  ///
  /// - Parameter moment: nil where the frame follows the last one.
  public func begin(_ moment: FrameMoment?) {
    var follows = true
    if let moment, let last { follows = moment.follows(last) }
    last = moment
    change.begin(isFresh: !follows)
    plane.advance()
  }

  /// - Parameters:
  ///   - input: the network's, RGBX.
  ///   - scores: of the network, which the last step reads.
  public func run(
    _ step: StabiliserStep, strip: Int, input: UnsafePointer<UInt8>, rowPitch: Int, scores: ScoreView
  ) {
    switch step {
    case .grey: change.fill(strip: strip, from: input, rowPitch: rowPitch)
    case .match: change.match(strip: strip)
    case .smooth: smooth(row: strip, scores)
    }
  }

  /// Between the matching and the smoothing.
  public func decide() { isFresh = !change.finish(limit: options.changed) }

  /// Ends a frame.
  public func end() -> StabilisedFrame {
    var frame = plane.counts()
    frame.isFresh = isFresh
    return frame
  }

  private func smooth(row: Int, _ scores: ScoreView) {
    plane.read(row: row, of: scores)
    guard !isFresh else { return plane.takeOver(row: row) }
    let place = cells.rows[row]
    let changes = change.changes + place.change &* change.columns
    let vectors = change.motion.vectors + place.block &* change.motion.columns
    var start = 0
    while start < plane.width {
      let column = cells.columns[start]
      let vector = vectors[column.block]
      let shift = cells.shift(vector)
      let share = share(of: Int(changes[column.change]))
      // Neighbours that fare alike are one run.
      var end = start &+ 1
      while end < plane.width {
        let next = cells.columns[end]
        if next.change != column.change {
          guard vectors[next.block] == vector, self.share(of: Int(changes[next.change])) == share else { break }
        }
        end &+= 1
      }
      plane.blend(row: row, start..<end, from: shift, share: share)
      plane.count(row: row, start..<end, from: shift, isStill: share == options.least)
      start = end
    }
    plane.write(row: row)
  }

  private func share(of change: Int) -> Int {
    guard change > options.still else { return options.least }
    guard change < options.changed else { return 256 }
    return options.least &+ (256 &- options.least) &* (change &- options.still) / (options.changed &- options.still)
  }
}

/// The steps of a ``ScoreStabiliser``, each with strips of its own.
public enum StabiliserStep: Int, CaseIterable, Sendable {
  /// The network's input to a small grey picture.
  case grey
  /// What moved, and where the picture has changed.
  case match
  /// New scores from the network's and from what was.
  case smooth
}

/// What counts as road in scores.
public struct RoadRule: Hashable, Sendable {
  public var road: UInt8
  /// For one score a pixel; nil where the highest score wins.
  public var threshold: ClassUpsampler.Threshold?

  public init(road: UInt8, threshold: ClassUpsampler.Threshold? = nil) {
    self.road = road
    self.threshold = threshold
  }
}

/// Where score pixels lie in the grey picture.
private struct CellMap {
  struct Place {
    /// Row or column of ``PictureChange``, and of ``BlockMotion``.
    var change: Int
    var block: Int
  }

  let columns: [Place]
  let rows: [Place]
  /// By the vector's part plus ``BlockMotion/reach``, in 1/16 of a score pixel.
  private let across: [Int]
  private let down: [Int]

  init(scores: PictureSize, change: PictureChange) {
    columns = Self.places(scores.width, change.size.width)
    rows = Self.places(scores.height, change.size.height)
    across = Self.shifts(scores.width, change.size.width)
    down = Self.shifts(scores.height, change.size.height)
  }

  @inline(__always)
  func shift(_ vector: BlockMotion.Vector) -> (x: Int, y: Int) {
    (across[Int(vector.x) &+ BlockMotion.reach], down[Int(vector.y) &+ BlockMotion.reach])
  }

  private static func places(_ scores: Int, _ pixels: Int) -> [Place] {
    (0..<scores).map { index in
      let centre = min((2 * index + 1) * pixels / (2 * scores), pixels - 1)
      return Place(change: centre / PictureChange.place, block: centre / BlockMotion.block)
    }
  }

  private static func shifts(_ scores: Int, _ pixels: Int) -> [Int] {
    (-BlockMotion.reach...BlockMotion.reach).map { vector in
      let (way, half) = (abs(vector) * scores * 16, pixels / 2)
      return vector < 0 ? -((way + half) / pixels) : (way + half) / pixels
    }
  }
}
