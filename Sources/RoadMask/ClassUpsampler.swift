import RoadBase
import RoadKernels

/// From scores (of 8 bits, or 15) at the network's stride to the class of every pixel of the camera's picture, exactly.
///
/// The definition: the class of an output pixel is the lowest c for which `Σ w_i · score_i,c` over the four score
/// pixels around it is greatest, the w_i being the bilinear weights of half-pixel centres with clamped edges, as
/// fractions over one denominator (``AxisPlan``). No rounding takes place anywhere, so every board and any share of the
/// rows among threads gives the same bytes: those of ONNX `Resize` followed by `ArgMax` in real arithmetic.
///
/// The cheap way to it. The four score pixels around span a *cell* of output pixels.
/// 1. All four have the same winner: so has every pixel between. For a convex combination keeps `≥` against the classes
///   after the winner (which ties lose) and `>` against those before it.
/// 2. Else a class that another one beats at all four corners (`>`, or `≥` by a lower class) cannot win and is left
///   out.
/// 3. Along a row of the cell each remaining class is a straight line, and the winner is their upper envelope: a
///   handful of runs, whose ends are exact integer quotients. So the work goes with the runs, not with the pixels. On
///   vector units computing all pixels of such cells is faster still, sizes permitting (``MixedRuns``).
///
/// Bound: a value is at most `32767 · Dx · Dy`, with denominators D of at most 2·16384: below 2^45, far within Int.
///
/// A model may round the upsampled scores to bytes before it compares them (a QuantizeLinear behind its Resize), and
/// then ties are frequent. With ``rounding`` the class is the lowest c whose rounded score is greatest: a class beats
/// another all over a cell only if it does so by two, and along a row each pixel asks whether a lower class rounds to
/// the winner's byte.
///
/// A network with one score a pixel tells two classes apart by a
/// ``Threshold``: a pixel is of the class above where its upsampled score (rounded, with ``rounding``) exceeds the
/// level. A level is to a score what a constant rival is, so the same cells do it.
///
/// Planned once for a size; nothing is allocated while frames flow.
public final class ClassUpsampler: Sendable {
  public let scoreSize: PictureSize
  public let pictureSize: PictureSize
  public let classes: Int
  /// The scores' zero-point, if upsampled scores are rounded to bytes before they are compared: to nearest, ties to
  /// those an even number of steps from the zero-point. Nil: no rounding.
  public let rounding: UInt8?

  /// For one score a pixel.
  public struct Threshold: Hashable, Sendable {
    /// The class of scores above the level, and of all others.
    public var above: UInt8
    public var below: UInt8
    /// The level in steps of a score, -1 and more; it may lie between two.
    public var steps: Double

    public init(above: UInt8, below: UInt8, steps: Double) {
      precondition(above != below && steps >= -1, "classes \(above) and \(below) at \(steps) steps")
      self.above = above
      self.below = below
      self.steps = steps
    }
  }

  private let threshold: ScoreLine?
  private let columns: AxisPlan
  private let rows: AxisPlan
  private let mixedRuns: MixedRuns?

  /// - Parameters:
  ///   - scoreSize: size of the scores, sides 1...16384.
  ///   - classes: 1...255.
  ///   - pictureSize: size of the class map, larger or smaller, sides 1...16384.
  ///   - rounding: see ``rounding``.
  ///   - threshold: nil where every class has a score; else `classes` is 1.
  ///   - kernels: of an instruction set; nil walks envelopes everywhere.
  public init(
    scoreSize: PictureSize, classes: Int, pictureSize: PictureSize, rounding: UInt8? = nil,
    threshold: Threshold? = nil, kernels: KernelSet? = .ofThisMachine
  ) {
    precondition((1...255).contains(classes), "\(classes) classes; a class map holds 1...255")
    precondition(threshold == nil || classes == 1, "\(classes) scores and a threshold")
    self.scoreSize = scoreSize
    self.pictureSize = pictureSize
    self.classes = classes
    self.rounding = rounding
    columns = AxisPlan(source: scoreSize.width, output: pictureSize.width)
    rows = AxisPlan(source: scoreSize.height, output: pictureSize.height)
    let (columns, rows) = (columns, rows)
    let unit = Int(columns.denominator) * Int(rows.denominator)
    self.threshold = threshold.map { ScoreLine($0, unit: unit, rounding: rounding) }
    // Only envelopes know how to round, and what a threshold is.
    mixedRuns = (rounding == nil && threshold == nil ? kernels : nil).flatMap { kernels in
      MixedRuns(
        scoreWidth: scoreSize.width, classes: classes, width: pictureSize.width, columns: columns, rows: rows,
        kernels: kernels)
    }
  }

  /// Writes the output rows `rows` of `map`, and nothing else of it; threads may share one map by disjoint rows.
  ///
  /// `scores` and `map` have the sizes that the plan was made for.
  public func run(_ scores: ScoreView, into map: ClassMap, rows range: Range<Int>) {
    precondition(
      scores.width == scoreSize.width && scores.height == scoreSize.height && scores.classes == classes,
      "scores \(scores.width)x\(scores.height)x\(scores.classes), planned for \(scoreSize)x\(classes)")
    precondition(map.size == pictureSize, "class map \(map.size), planned for \(pictureSize)")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= pictureSize.height, "rows \(range) of \(pictureSize.height)")
    guard let target = map.bytes.baseAddress, !range.isEmpty else { return }
    // The row kernel blends bytes.
    guard let mixedRuns, scores.lowOffset == 0 else {
      let candidates = threadScratch().bindMemory(to: Candidate.self, capacity: 255)
      eachBand(in: range) { band in
        upsample(band: band, of: scores, into: target) { cell in
          mixedCell(cell, band: band, of: scores, into: target, candidates: candidates)
        }
      }
      return
    }
    let pairs = threadScratch().bindMemory(to: Int32.self, capacity: 2 * MixedRuns.capacity)
    let scratch = MixedScratch(pairs: pairs, interpolated: pairs + MixedRuns.capacity)
    eachBand(in: range) { band in
      upsample(band: band, of: scores, into: target, with: mixedRuns, scratch)
    }
  }

  private func eachBand(in range: Range<Int>, _ body: (AxisPlan.Span) -> Void) {
    rows.spans.withUnsafeBufferPointer { bands in
      for band in bands where Int(band.end) > range.lowerBound && Int(band.start) < range.upperBound {
        body(band.clipped(to: range))
      }
    }
  }

  /// The whole map on the calling thread.
  public func run(_ scores: ScoreView, into map: ClassMap) {
    run(scores, into: map, rows: 0..<pictureSize.height)
  }
}

/// A cell of a band whose corners disagree.
private struct MixedCell {
  let span: AxisPlan.Span
  let left: CellEdge
  let right: CellEdge
}

extension ClassUpsampler {
  /// By how much a class must beat a lower one at all corners of a cell to beat it all over the cell.
  private var margin: Int { rounding == nil ? 1 : 2 }

  /// One band, mixed cells gathered into runs of blocks.
  private func upsample(
    band: AxisPlan.Span, of scores: ScoreView, into target: UnsafeMutablePointer<UInt8>, with mixedRuns: MixedRuns,
    _ scratch: MixedScratch
  ) {
    var pending: Range<Int>?
    func finish(_ blocks: Range<Int>) {
      mixedRuns.run(blocks, band: band, of: scores, into: target, width: pictureSize.width, scratch: scratch)
    }
    upsample(band: band, of: scores, into: target) { cell in
      let blocks = mixedRuns.blocks(Int(cell.span.start)..<Int(cell.span.end))
      // A gap of one block costs less than starting anew.
      if let open = pending, blocks.lowerBound <= open.upperBound + 1 {
        pending = open.lowerBound..<max(open.upperBound, blocks.upperBound)
      } else {
        if let open = pending { finish(open) }
        pending = blocks
      }
    }
    if let pending { finish(pending) }
  }

  /// One band: the output rows that lie between the same two score rows, cell by cell from left to right. Neighbouring
  /// cells of one winner are filled together; the others are given to `mixed`.
  @inline(__always)
  private func upsample(
    band: AxisPlan.Span, of scores: ScoreView, into target: UnsafeMutablePointer<UInt8>, mixed: (MixedCell) -> Void
  ) {
    let block = block(of: band, in: target)
    var pendingStart = 0
    var pendingClass: UInt8? = nil
    var column = -1
    var right = CellEdge()
    let (margin, line) = (margin, threshold)
    func edge(_ column: Int32) -> CellEdge {
      CellEdge(
        scores, upper: Int(band.first), lower: Int(band.second), column: Int(column), margin: margin, line: line)
    }
    columns.spans.withUnsafeBufferPointer { spans in
      for span in spans {
        let left = Int(span.first) == column ? right : edge(span.first)
        right = span.second == span.first ? left : edge(span.second)
        column = Int(span.second)
        let pure = left.winner == right.winner ? left.winner : nil
        if let pure, pure == pendingClass { continue }
        if let pendingClass { block.fill(pendingStart..<Int(span.start), with: pendingClass) }
        pendingStart = Int(span.start)
        pendingClass = pure
        if pure == nil { mixed(MixedCell(span: span, left: left, right: right)) }
      }
    }
    if let pendingClass { block.fill(pendingStart..<pictureSize.width, with: pendingClass) }
  }

  private func block(of band: AxisPlan.Span, in target: UnsafeMutablePointer<UInt8>) -> ClassBlock {
    let width = pictureSize.width
    return ClassBlock(base: target + Int(band.start) &* width, width: width, rows: Int(band.end &- band.start))
  }

  /// A cell whose corners disagree: the classes that can win, then each row as the upper envelope of their lines.
  private func mixedCell(
    _ cell: MixedCell, band: AxisPlan.Span, of scores: ScoreView, into target: UnsafeMutablePointer<UInt8>,
    candidates: UnsafeMutablePointer<Candidate>
  ) {
    let (span, block) = (cell.span, block(of: band, in: target))
    let corners = Corners(scores, band: band, span: span, winners: (cell.left, cell.right), margin: margin)
    func candidate(_ c: Int, _ scores: UInt64) -> Candidate {
      Candidate(
        class: c, scores: scores, span: span, band: band, denominatorX: Int(columns.denominator),
        denominatorY: Int(rows.denominator))
    }
    if let threshold {
      var score = candidate(0, corners.scores(of: 0))
      score.class = threshold.above
      return threshold.write(
        &score, block, from: Int(span.start), to: Int(span.end),
        lines: UnsafeMutableBufferPointer(start: candidates, count: 2))
    }
    var count = 0
    for c in 0..<classes {
      let scores = corners.scores(of: c)
      if corners.canWin(c, scores) {
        candidates[count] = candidate(c, scores)
        count &+= 1
      }
    }
    let lines = UnsafeMutableBufferPointer(start: candidates, count: count)
    for row in 0..<block.rows {
      if let rounding {
        block.writeRounded(
          lines, row: row, from: Int(span.start), to: Int(span.end), zeroPoint: Int(rounding),
          unit: Int(columns.denominator) &* Int(rows.denominator))
      } else if count == 2 {
        block.writePair(lines, row: row, from: Int(span.start), to: Int(span.end))
      } else {
        block.writeEnvelope(lines, row: row, from: Int(span.start), to: Int(span.end))
      }
      for index in 0..<count { lines[index].advance() }
    }
  }
}

extension AxisPlan.Span {
  /// The part of the span within `range`, which it meets.
  fileprivate func clipped(to range: Range<Int>) -> Self {
    var part = self
    part.start = Int32(max(Int(start), range.lowerBound))
    part.end = Int32(min(Int(end), range.upperBound))
    part.weight = weight + (part.start - start) * step
    return part
  }
}
