import RoadBase
import RoadFrame
import RoadMask
import RoadMetres

/// Draws what was measured: the end of the free road over the picture, and a line of figures.
///
///     AHEAD 23.4 m   WIDTH 8.0 m   1.8 m RIGHT OF THE MIDDLE
///
/// Made once; `draw` allocates nothing. One thread draws at a time.
public final class MetresPainter: @unchecked Sendable {
  private let size: PictureSize
  private let lettering: Lettering
  private let line = Text(capacity: 80)
  private let top: Int
  private let pen: Int

  private static let textColour = Colour(255, 214, 92)
  private static let endPaint = Paint(Colour(255, 196, 64), weight: 230)
  private static let openPaint = Paint(Colour(120, 200, 255), weight: 230)
  private static let background = Paint(Colour(12, 17, 22), weight: 176)

  /// - Parameter top: the first row that is free for the line of figures.
  public init(size: PictureSize, figures: RoadFigures, below top: Int = 0) {
    precondition(figures.size == size, "figures of \(figures.size) on \(size)")
    self.size = size
    lettering = Lettering(capHeight: max(7, (max(size.height, 240) * 11 + 240) / 480), weight: 0.15)
    self.top = top + lettering.capHeight
    pen = max(1, (size.height + 120) / 240)
  }

  public func draw(_ figures: RoadFigures, on canvas: Canvas) {
    precondition(canvas.size == size, "canvas \(canvas.size), made for \(size)")
    for index in 1..<max(1, figures.ways.count) {
      let (left, right) = (figures.ways[index - 1], figures.ways[index])
      guard left.end != .unseen, right.end != .unseen else { continue }
      let isOpen = left.end == .open && right.end == .open
      drawLine(from: Int(left.last), to: Int(right.last), isOpen ? Self.openPaint : Self.endPaint, on: canvas)
    }
    write(figures)
    drawText(on: canvas)
  }

  private func write(_ figures: RoadFigures) {
    line.clear()
    let ahead = figures.ahead
    line.append(ahead.end == .open ? "AHEAD over " : "AHEAD ")
    append(ahead.end == .unseen ? nil : ahead.free)
    line.append("   WIDTH ")
    append(figures.width)
    line.append("   ")
    guard let offset = figures.offset else { return line.append("PLACE -") }
    append(abs(offset))
    line.append(offset < 0 ? " LEFT OF THE MIDDLE" : " RIGHT OF THE MIDDLE")
  }

  private func append(_ millimetres: Int32?) {
    guard let millimetres else { return line.append("-") }
    line.append(tenths: UInt64((max(0, millimetres) + 50) / 100))
    line.append(" m")
  }

  private func drawText(on canvas: Canvas) {
    let (margin, inset) = (lettering.capHeight * 3 / 4, lettering.capHeight * 3 / 4)
    let width = min(lettering.width(of: line) + 2 * inset, size.width - 2 * margin)
    let height = lettering.capHeight + 2 * inset
    guard width > 2 * inset, top + height <= size.height else { return }
    for row in top..<top + height { Self.background.blend(canvas, row: row, columns: margin..<margin + width) }
    lettering.write(line, at: margin + inset, top + inset, colour: Self.textColour, on: canvas)
  }

  /// A line between two pixels, row by row, of the pen's width.
  private func drawLine(from first: Int, to last: Int, _ paint: Paint, on canvas: Canvas) {
    let (x0, y0) = (first % size.width, first / size.width)
    let (dx, dy) = (last % size.width - x0, last / size.width - y0)
    let steps = max(abs(dx), abs(dy), 1)
    for step in 0..<steps {
      let (x, y) = (x0 + dx * step / steps, y0 + dy * step / steps)
      for row in max(0, y - pen / 2)..<max(0, min(size.height, y - pen / 2 + pen)) {
        let columns = max(0, x - pen / 2)..<min(size.width, x - pen / 2 + max(pen, 1))
        if !columns.isEmpty { paint.blend(canvas, row: row, columns: columns) }
      }
    }
  }
}

extension Paint {
  /// Blends a run of one row of a canvas of either kind. Chroma belongs to the even row, and to the even pixel.
  func blend(_ canvas: Canvas, row: Int, columns: Range<Int>) {
    switch canvas {
    case .rgbx(let picture): blend(picture.row(row) + 4 * columns.lowerBound, count: columns.count)
    case .planes(let planes):
      let paint = PlanePaint(self)
      PlanePaint.blend(
        planes.luma + row * planes.lumaPitch + columns.lowerBound, count: columns.count, keep: paint.keep,
        add: paint.luma)
      guard row % 2 == 0 else { return }
      let (first, end) = ((columns.lowerBound + 1) / 2, (columns.upperBound + 1) / 2)
      let at = row / 2 * planes.chromaPitch + first
      PlanePaint.blend(planes.u + at, count: end - first, keep: paint.keep, add: paint.u)
      PlanePaint.blend(planes.v + at, count: end - first, keep: paint.keep, add: paint.v)
    }
  }
}
