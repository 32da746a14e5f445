import RoadBase

/// How far the best class of every pixel is above the second: 0 where two are level, 255 for 255 steps of the scores
/// and more.
///
/// The definition, in integers and so the same on every board. At a score pixel the margin is
///
///     m = min(255, best − second)            scores of 15 bits: min(255, (best − second) >> 7)
///     m = min(255, |256·score − L| >> 8)     one score a pixel, with its level L = round(256 · steps)
///
/// and a picture's pixel has `floor((Σ w_i·m_i + D/2) / D)` of the four margins around it, with the exact bilinear
/// weights `w_i` over `D` that the class map has (``ClassUpsampler``). The margin is upsampled, not taken of upsampled
/// scores: along the border between two classes it goes down to the margins of the score pixels beside it.
///
/// Planned once for a size; `run` allocates nothing. One thread uses it at a time.
public final class ConfidenceUpsampler: @unchecked Sendable {
  public let scoreSize: PictureSize
  public let classes: Int
  public let pictureSize: PictureSize

  private let columns: AxisPlan
  private let rows: AxisPlan
  private let margin: ScoreMargin
  private let margins: UnsafeMutablePointer<UInt8>
  /// One row of margins, blended between two rows of scores, over the denominator of the rows.
  private let blended: UnsafeMutablePointer<Int>

  /// - Parameters:
  ///   - classes: scores a pixel, 1...255.
  ///   - level: of a network with one score a pixel, in steps of a score; nil for others, which have two classes or
  ///     more.
  public init(scoreSize: PictureSize, classes: Int, pictureSize: PictureSize, level: Double? = nil) {
    margin = ScoreMargin(classes: classes, level: level)
    self.scoreSize = scoreSize
    self.classes = classes
    self.pictureSize = pictureSize
    columns = AxisPlan(source: scoreSize.width, output: pictureSize.width)
    rows = AxisPlan(source: scoreSize.height, output: pictureSize.height)
    margins = .allocate(capacity: scoreSize.pixels)
    blended = .allocate(capacity: scoreSize.width)
  }

  deinit {
    margins.deallocate()
    blended.deallocate()
  }

  /// - Parameters:
  ///   - base: pixel (0, 0) of `pictureSize` bytes.
  ///   - rowPitch: bytes from one row to the next.
  public func run(_ scores: ScoreView, into base: UnsafeMutablePointer<UInt8>, rowPitch: Int) {
    precondition(
      scores.width == scoreSize.width && scores.height == scoreSize.height && scores.classes == classes,
      "scores \(scores.width)x\(scores.height)x\(scores.classes), planned for \(scoreSize)x\(classes)")
    precondition(rowPitch >= pictureSize.width, "row pitch \(rowPitch) of \(pictureSize)")
    for y in 0..<scoreSize.height {
      for x in 0..<scoreSize.width {
        margins[y &* scoreSize.width &+ x] = margin.of(scores.pixel(y, x), scores.lowOffset)
      }
    }
    for span in rows.spans {
      for y in span.start..<span.end {
        blend(span, weight: Int(span.weight + span.step * (y - span.start)))
        write(to: base + Int(y) * rowPitch)
      }
    }
  }

  private func blend(_ span: AxisPlan.Span, weight: Int) {
    let (upper, lower) = (margins + Int(span.first) * scoreSize.width, margins + Int(span.second) * scoreSize.width)
    let rest = Int(rows.denominator) &- weight
    for x in 0..<scoreSize.width { blended[x] = Int(upper[x]) &* rest &+ Int(lower[x]) &* weight }
  }

  private func write(to row: UnsafeMutablePointer<UInt8>) {
    let unit = Int(columns.denominator)
    let whole = unit * Int(rows.denominator)
    for span in columns.spans {
      let (left, right) = (blended[Int(span.first)], blended[Int(span.second)])
      var sum = left &* (unit &- Int(span.weight)) &+ right &* Int(span.weight) &+ whole / 2
      let step = (right &- left) &* Int(span.step)
      for x in Int(span.start)..<Int(span.end) {
        row[x] = UInt8(truncatingIfNeeded: sum / whole)
        sum &+= step
      }
    }
  }
}
