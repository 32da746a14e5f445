/// The two score pixels, one above the other, at the left or right side of a cell.
struct CellEdge {
  /// The class that wins at both by the margin; nil where they differ.
  var winner: UInt8?
  var upperWinner: UInt8 = 0
  var lowerWinner: UInt8 = 0

  init() { winner = nil }

  @inline(__always)
  init(_ scores: ScoreView, upper: Int, lower: Int, column: Int, margin: Int, line: ScoreLine?) {
    if let line {
      upperWinner = line.winner(ScoreView.score(scores.pixel(upper, column), 0, scores.lowOffset))
      lowerWinner = line.winner(ScoreView.score(scores.pixel(lower, column), 0, scores.lowOffset))
      winner = upperWinner == lowerWinner ? upperWinner : nil
      return
    }
    upperWinner = Self.winner(scores.pixel(upper, column), scores)
    lowerWinner = upper == lower ? upperWinner : Self.winner(scores.pixel(lower, column), scores)
    winner = upperWinner == lowerWinner ? upperWinner : nil
    if margin > 1, winner != nil {
      let isClear =
        Self.isClear(scores.pixel(upper, column), upperWinner, margin)
        && Self.isClear(scores.pixel(lower, column), lowerWinner, margin)
      if !isClear { winner = nil }
    }
  }

  /// Whether no class below the winner comes nearer to it than the margin.
  private static func isClear(_ pixel: UnsafePointer<UInt8>, _ winner: UInt8, _ margin: Int) -> Bool {
    let most = Int(pixel[Int(winner)]) &- margin
    var isClear = true
    for c in 0..<Int(winner) where Int(pixel[c]) > most { isClear = false }
    return isClear
  }

  /// Highest score, ties to the lowest class, without a branch: the class is kept inverted below the score.
  @inline(__always)
  private static func winner(_ pixel: UnsafePointer<UInt8>, _ scores: ScoreView) -> UInt8 {
    var best: UInt32 = 0
    if scores.lowOffset != 0 {
      for c in 0..<scores.classes {
        let score = UInt32(truncatingIfNeeded: ScoreView.score(pixel, c, scores.lowOffset))
        best = max(best, score &<< 8 | UInt32(truncatingIfNeeded: 255 &- c))
      }
      return 255 &- UInt8(truncatingIfNeeded: best)
    }
    for c in 0..<scores.classes {
      best = max(best, UInt32(truncatingIfNeeded: pixel[c]) &<< 8 | UInt32(truncatingIfNeeded: 255 &- c))
    }
    return 255 &- UInt8(truncatingIfNeeded: best)
  }
}

/// The four corners of a cell. The four scores of a class are held in one word, 16 bits each, so that "not less at any
/// corner" is one subtraction whose borrow bits tell.
struct Corners {
  private static let guardBits: UInt64 = 0x8000_8000_8000_8000

  private let upperLeft: UnsafePointer<UInt8>
  private let upperRight: UnsafePointer<UInt8>
  private let lowerLeft: UnsafePointer<UInt8>
  private let lowerRight: UnsafePointer<UInt8>
  private let lowOffset: Int
  private let winners: (UInt8, UInt8, UInt8, UInt8)
  /// What a class needs above its own score to beat a lower one, less one, at each corner.
  private let lead: UInt64
  private let winnerScores: (UInt64, UInt64, UInt64, UInt64)

  init(
    _ scores: ScoreView, band: AxisPlan.Span, span: AxisPlan.Span, winners edges: (CellEdge, CellEdge), margin: Int
  ) {
    lead = UInt64(truncatingIfNeeded: margin &- 1) &* 0x0001_0001_0001_0001
    upperLeft = scores.pixel(Int(band.first), Int(span.first))
    upperRight = scores.pixel(Int(band.first), Int(span.second))
    lowerLeft = scores.pixel(Int(band.second), Int(span.first))
    lowerRight = scores.pixel(Int(band.second), Int(span.second))
    winners = (edges.0.upperWinner, edges.0.lowerWinner, edges.1.upperWinner, edges.1.lowerWinner)
    lowOffset = scores.lowOffset
    let low = scores.lowOffset
    let (a, b, c, d) = (upperLeft, upperRight, lowerLeft, lowerRight)
    winnerScores = (
      Self.word(a, b, c, d, Int(winners.0), low), Self.word(a, b, c, d, Int(winners.1), low),
      Self.word(a, b, c, d, Int(winners.2), low), Self.word(a, b, c, d, Int(winners.3), low)
    )
  }

  /// Upper left, upper right, lower left, lower right, from the lowest 16 bits up.
  @inline(__always)
  func scores(of c: Int) -> UInt64 { Self.word(upperLeft, upperRight, lowerLeft, lowerRight, c, lowOffset) }

  @inline(__always)
  private static func word(
    _ upperLeft: UnsafePointer<UInt8>, _ upperRight: UnsafePointer<UInt8>, _ lowerLeft: UnsafePointer<UInt8>,
    _ lowerRight: UnsafePointer<UInt8>, _ c: Int, _ low: Int
  ) -> UInt64 {
    ScoreView.score(upperLeft, c, low) | ScoreView.score(upperRight, c, low) &<< 16
      | ScoreView.score(lowerLeft, c, low) &<< 32 | ScoreView.score(lowerRight, c, low) &<< 48
  }

  /// False when one of the corners' winners beats class `c` all over the cell. (Any other class that does is itself
  /// beaten or a candidate; leaving such a one in costs time, never exactness.)
  @inline(__always)
  func canWin(_ c: Int, _ scores: UInt64) -> Bool {
    !(beats(winners.0, winnerScores.0, c, scores) || beats(winners.1, winnerScores.1, c, scores)
      || beats(winners.2, winnerScores.2, c, scores) || beats(winners.3, winnerScores.3, c, scores))
  }

  @inline(__always)
  private func beats(_ winner: UInt8, _ winnerScores: UInt64, _ c: Int, _ scores: UInt64) -> Bool {
    if Int(winner) < c { return ((winnerScores | Self.guardBits) &- scores) & Self.guardBits == Self.guardBits }
    if Int(winner) > c { return (((scores &+ lead) | Self.guardBits) &- winnerScores) & Self.guardBits == 0 }
    return false
  }
}

/// One class over one cell: `value(row, column) = base + column · slope`, both growing linearly with the row. Columns
/// count from the left of the cell; the unit is a score over the product of the two denominators.
struct Candidate {
  var `class`: UInt8 = 0
  var base = 0
  var slope = 0
  private var baseStep = 0
  private var slopeStep = 0

  init() {}

  @inline(__always)
  init(
    class c: Int, scores: UInt64, span: AxisPlan.Span, band: AxisPlan.Span, denominatorX: Int, denominatorY: Int
  ) {
    let upperLeft = Int(scores & 0x7FFF)
    let upperRight = Int(scores &>> 16 & 0x7FFF)
    let leftDrop = Int(scores &>> 32 & 0x7FFF) &- upperLeft
    let rightDrop = Int(scores &>> 48 & 0x7FFF) &- upperRight
    let left = upperLeft &* denominatorY &+ leftDrop &* Int(band.weight)
    let right = upperRight &* denominatorY &+ rightDrop &* Int(band.weight)
    let leftStep = leftDrop &* Int(band.step)
    let rise = right &- left
    let riseStep = rightDrop &* Int(band.step) &- leftStep
    self.class = UInt8(truncatingIfNeeded: c)
    base = left &* denominatorX &+ rise &* Int(span.weight)
    slope = rise &* Int(span.step)
    baseStep = leftStep &* denominatorX &+ riseStep &* Int(span.weight)
    slopeStep = riseStep &* Int(span.step)
  }

  @inline(__always)
  mutating func advance() {
    base &+= baseStep
    slope &+= slopeStep
  }
}

/// The rows of a class map that one band covers.
struct ClassBlock {
  let base: UnsafeMutablePointer<UInt8>
  let width: Int
  let rows: Int

  func fill(_ columns: Range<Int>, with class: UInt8) {
    var target = base + columns.lowerBound
    for _ in 0..<rows {
      target.update(repeating: `class`, count: columns.count)
      target += width
    }
  }

  /// Fills a short run. What lies to the right of it in its row may be overwritten: the cells there come later.
  @inline(__always)
  private func fill(row: Int, from start: Int, to end: Int, with class: UInt8) {
    let target = base + (row &* width &+ start)
    if end &- start <= 8 && start &+ 8 <= width {
      let word = UInt64(`class`) &* 0x0101_0101_0101_0101
      UnsafeMutableRawPointer(target).storeBytes(of: word, as: UInt64.self)
    } else {
      target.update(repeating: `class`, count: end &- start)
    }
  }

  /// The columns of a row from `first`'s lead over `second` at column 0 to the first column where `second` wins: with a
  /// lead `d ≥ 0` that shrinks by `s > 0` a column, `second` wins from `⌈d / s⌉` if it has the lower class (ties are
  /// its own), from `⌊d / s⌋ + 1` else.
  @inline(__always)
  private static func crossing(lead: Int, shrink: Int, secondIsLower: Bool) -> Int {
    let tie = secondIsLower ? -1 : 0
    return (lead &+ tie) / shrink &+ 1
  }

  /// A row that two classes share; `lines[0]` has the lower class.
  @inline(__always)
  func writePair(_ lines: UnsafeMutableBufferPointer<Candidate>, row: Int, from start: Int, to end: Int) {
    let lead = lines[0].base &- lines[1].base
    let slope = lines[0].slope &- lines[1].slope
    let last = end &- start &- 1
    let lowerWinsLeft = lead >= 0
    let lowerWinsRight = lead &+ last &* slope >= 0
    let left = lines[lowerWinsLeft ? 0 : 1].class
    if lowerWinsLeft == lowerWinsRight {
      fill(row: row, from: start, to: end, with: left)
      return
    }
    let change =
      lowerWinsLeft
      ? Self.crossing(lead: lead, shrink: 0 &- slope, secondIsLower: false)
      : Self.crossing(lead: 0 &- lead, shrink: slope, secondIsLower: true)
    fill(row: row, from: start, to: start &+ change, with: left)
    fill(row: row, from: start &+ change, to: end, with: lines[lowerWinsLeft ? 1 : 0].class)
  }

  /// A row that any number of classes share, in ascending order of class: walks the upper envelope of their lines.
  func writeEnvelope(_ lines: UnsafeMutableBufferPointer<Candidate>, row: Int, from start: Int, to end: Int) {
    let count = end &- start
    var column = 0
    while column < count {
      let leader = Self.leader(of: lines, at: column)
      var change = count
      for rival in lines {
        let shrink = rival.slope &- leader.slope
        guard shrink > 0 else { continue }
        let lead = leader.base &- rival.base
        let secondIsLower = rival.class < leader.class
        // Overtaken within the cell at all? Asked by a product, which is cheaper than the quotient.
        let gap = lead &- (change &- 1) &* shrink
        guard gap < 0 || (gap == 0 && secondIsLower) else { continue }
        change = Self.crossing(lead: lead, shrink: shrink, secondIsLower: secondIsLower)
      }
      fill(row: row, from: start &+ column, to: start &+ change, with: leader.class)
      column = change
    }
  }

  @inline(__always)
  private static func leader(of lines: UnsafeMutableBufferPointer<Candidate>, at column: Int) -> Candidate {
    var leader = lines[0]
    var best = leader.base &+ column &* leader.slope
    for index in 1..<lines.count {
      let value = lines[index].base &+ column &* lines[index].slope
      if value > best {
        best = value
        leader = lines[index]
      }
    }
    return leader
  }
}
