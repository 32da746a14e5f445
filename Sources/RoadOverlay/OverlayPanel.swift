import RoadBase
import RoadFrame
import RoadMask

/// What the panel tells about the moment. Rates in frames a second, times in nanoseconds; nil where nothing is known
/// yet.
public struct OverlayNumbers: Hashable, Sendable {
  /// The camera's own rate.
  public var cameraRate: Double?
  /// Frames that reached us.
  public var deliveredRate: Double?
  /// Frames that went through the network.
  public var inferredRate: Double?
  /// Frames drawn and handed on.
  public var shownRate: Double?
  /// From capture to the drawn picture, over the last minute.
  public var latencyMedian: UInt64?
  public var latency99: UInt64?
  /// Of masks that are steadied over time: the share of the still score pixels that came or went as road, 0...1. Shown
  /// where the panel was made with room for it.
  public var flicker: Double?
  /// Number of the frame as its source counts.
  public var frame: UInt64
  /// Number of the notice that takes the source's place, see ``OverlayPanel/init(size:model:source:notices:)``.
  public var notice: Int?

  public init(
    cameraRate: Double? = nil, deliveredRate: Double? = nil, inferredRate: Double? = nil, shownRate: Double? = nil,
    latencyMedian: UInt64? = nil, latency99: UInt64? = nil, frame: UInt64 = 0
  ) {
    self.cameraRate = cameraRate
    self.deliveredRate = deliveredRate
    self.inferredRate = inferredRate
    self.shownRate = shownRate
    self.latencyMedian = latencyMedian
    self.latency99 = latency99
    self.frame = frame
  }
}

/// The translucent panel in the upper left corner: four rates, two latencies, frame, model and source, and how masks
/// that are steadied flicker. Its letters grow with the picture: 8 and 13 pixels at 480 rows.
///
/// Made once; `draw` allocates nothing. One thread draws at a time.
public final class OverlayPanel: @unchecked Sendable {
  public let size: PictureSize

  private let small: Lettering
  private let large: Lettering
  private let labels = ["CAMERA", "DELIVERED", "INFERRED", "SHOWN", "LATENCY, 1 MIN p50", "p99"].map { Text($0) }
  private let model: Text
  private let source: Text
  private let notices: [Text]
  private let framesUnit = Text("fps")
  private let timeUnit = Text("ms")
  private let unknown = Text("-")
  private let number = Text(capacity: 24)
  private let line = Text(capacity: 56)
  private let layout: Layout
  private let showsFlicker: Bool

  private static let labelColour = Colour(150, 166, 176)
  private static let valueColour = Colour(244, 248, 250)
  private static let shownColour = Colour(120, 255, 190)
  private static let noticeColour = Colour(255, 196, 92)
  private static let background = Paint(Colour(12, 17, 22), weight: 176)
  private static let planeBackground = PlanePaint(background)

  private struct Layout {
    var margin = 0
    var inset = 0
    var width = 0
    var height = 0
    var labelTop = 0
    var valueTop = 0
    var nameTop = 0
    /// Left edges of the six columns.
    var columns: [Int] = []
    /// How far a row near a rounded corner is set in; the first row first.
    var cornerInsets: [Int] = []
  }

  /// - Parameters:
  ///   - model: name of the network, shortened where it does not fit.
  ///   - source: name of the frame source, likewise.
  ///   - notices: what may have to be told instead of the source: "half rate".
  ///   - showsFlicker: keeps room for ``OverlayNumbers/flicker``.
  public init(
    size: PictureSize, model: String, source: String, notices: [String] = [], showsFlicker: Bool = false
  ) {
    self.size = size
    self.showsFlicker = showsFlicker
    let unit = max(size.height, 240)
    small = Lettering(capHeight: max(6, (unit * 8 + 240) / 480), weight: 0.15)
    large = Lettering(capHeight: max(8, (unit * 13 + 240) / 480), weight: 0.14)
    self.model = Text(model)
    self.source = Text(source)
    self.notices = notices.map { Text($0) }
    let widest = Text("0000.0")
    var layout = Layout()
    layout.margin = small.capHeight
    layout.inset = small.capHeight * 5 / 4
    layout.labelTop = layout.margin + layout.inset
    layout.valueTop = layout.labelTop + small.capHeight * 15 / 8
    layout.nameTop = layout.valueTop + large.capHeight + small.capHeight * 11 / 8
    layout.height = layout.nameTop + small.capHeight + layout.inset - layout.margin
    var x = layout.margin + layout.inset
    let gap = small.capHeight * 5 / 4
    for (index, label) in labels.enumerated() {
      layout.columns.append(x)
      let unit = index == 3 ? small.width(of: framesUnit) : index == 5 ? small.width(of: timeUnit) : 0
      x += max(small.width(of: label), large.width(of: widest) * 4 / 5 + unit) + gap
    }
    layout.width = min(x - gap + layout.inset, size.width - layout.margin) - layout.margin
    layout.cornerInsets = Self.corner(radius: small.capHeight)
    self.layout = layout
    // One line for model, source and frame number; the names give way.
    let longest = showsFlicker ? "flicker 00.00 %  frame 0000000" : "frame 0000000"
    let counter = small.width(of: Text(longest)) + small.capHeight
    let names = max(0, layout.width - 2 * layout.inset - counter - small.capHeight)
    self.model.shorten(to: names / 2, with: small)
    self.source.shorten(to: names - small.width(of: self.model), with: small)
    for notice in self.notices { notice.shorten(to: names - small.width(of: self.model), with: small) }
  }

  /// Row below the panel; 0 where the picture has no room for one.
  public var bottom: Int { isDrawn ? layout.margin + layout.height : 0 }

  private var isDrawn: Bool { layout.width > 2 * layout.inset && layout.margin + layout.height <= size.height }

  public func draw(_ numbers: OverlayNumbers, on picture: Picture) { draw(numbers, on: .rgbx(picture)) }

  public func draw(_ numbers: OverlayNumbers, on canvas: Canvas) {
    precondition(canvas.size == size, "canvas \(canvas.size), made for \(size)")
    guard isDrawn else { return }
    drawBackground(on: canvas)
    for (index, label) in labels.enumerated() where fits(index) {
      small.write(label, at: layout.columns[index], layout.labelTop, colour: Self.labelColour, on: canvas)
    }
    drawRate(numbers.cameraRate, column: 0, colour: Self.valueColour, on: canvas)
    drawRate(numbers.deliveredRate, column: 1, colour: Self.valueColour, on: canvas)
    drawRate(numbers.inferredRate, column: 2, colour: Self.valueColour, on: canvas)
    let shown = drawRate(numbers.shownRate, column: 3, colour: Self.shownColour, on: canvas)
    drawUnit(framesUnit, after: shown, on: canvas)
    drawTime(numbers.latencyMedian, column: 4, on: canvas)
    drawUnit(timeUnit, after: drawTime(numbers.latency99, column: 5, on: canvas), on: canvas)
    drawNames(numbers, on: canvas)
  }
}

extension OverlayPanel {
  /// Set-in of each row of a quarter circle, by integers.
  private static func corner(radius: Int) -> [Int] {
    (0..<radius).map { row in
      let dy = 2 * (radius - row) - 1
      return (0..<radius).first { column in
        let dx = 2 * (radius - column) - 1
        return dx * dx + dy * dy <= 4 * radius * radius
      } ?? radius
    }
  }

  private func drawBackground(on canvas: Canvas) {
    for row in 0..<layout.height {
      let (y, run) = (layout.margin + row, run(row))
      switch canvas {
      case .rgbx(let picture): Self.background.blend(picture.row(y) + 4 * run.lowerBound, count: run.count)
      case .planes(let planes):
        let paint = Self.planeBackground
        PlanePaint.blend(
          planes.luma + y * planes.lumaPitch + run.lowerBound, count: run.count, keep: paint.keep, add: paint.luma)
        // Chroma belongs to the even row, and to the even pixel.
        guard y % 2 == 0 else { continue }
        let (first, end) = ((run.lowerBound + 1) / 2, (run.upperBound + 1) / 2)
        let at = y / 2 * planes.chromaPitch + first
        PlanePaint.blend(planes.u + at, count: end - first, keep: paint.keep, add: paint.u)
        PlanePaint.blend(planes.v + at, count: end - first, keep: paint.keep, add: paint.v)
      }
    }
  }

  /// The pixels of a row of the panel.
  private func run(_ row: Int) -> Range<Int> {
    let edge = min(row, layout.height - 1 - row)
    let inset = edge < layout.cornerInsets.count ? layout.cornerInsets[edge] : 0
    let first = layout.margin + inset
    return first..<max(first, layout.margin + layout.width - inset)
  }

  /// Columns that the picture is too narrow for are left out whole.
  private func fits(_ column: Int) -> Bool {
    let end =
      column + 1 < layout.columns.count ? layout.columns[column + 1] : layout.columns[column] + small.capHeight * 7
    return end <= layout.margin + layout.width + small.capHeight * 2
  }

  @discardableResult
  private func drawRate(_ rate: Double?, column: Int, colour: Colour, on canvas: Canvas) -> Int? {
    number.clear()
    if let rate, rate >= 0, rate < 1e6 { number.append(tenths: UInt64(rate * 10 + 0.5)) }
    return drawNumber(column: column, colour: colour, on: canvas)
  }

  @discardableResult
  private func drawTime(_ time: UInt64?, column: Int, on canvas: Canvas) -> Int? {
    number.clear()
    if let time { number.append(tenths: (time / 1000 + 50) / 100) }
    return drawNumber(column: column, colour: Self.valueColour, on: canvas)
  }

  /// - Returns: where the number ends; nil where nothing was drawn or nothing is known.
  private func drawNumber(column: Int, colour: Colour, on canvas: Canvas) -> Int? {
    guard fits(column) else { return nil }
    let x = layout.columns[column]
    guard number.count > 0 else {
      large.write(unknown, at: x, layout.valueTop, colour: Self.labelColour, on: canvas)
      return nil
    }
    return large.write(number, at: x, layout.valueTop, colour: colour, on: canvas)
  }

  private func drawUnit(_ unit: Text, after x: Int?, on canvas: Canvas) {
    guard let x else { return }
    let top = layout.valueTop + large.capHeight - small.capHeight
    small.write(unit, at: x + small.capHeight / 4, top, colour: Self.labelColour, on: canvas)
  }

  private func drawNames(_ numbers: OverlayNumbers, on canvas: Canvas) {
    let left = layout.margin + layout.inset
    let y = layout.nameTop
    let end = small.write(model, at: left, y, colour: Self.valueColour, on: canvas)
    if let notice = numbers.notice, notices.indices.contains(notice) {
      small.write(notices[notice], at: end + small.capHeight, y, colour: Self.noticeColour, on: canvas)
    } else {
      small.write(source, at: end + small.capHeight, y, colour: Self.labelColour, on: canvas)
    }
    line.clear()
    if showsFlicker, let flicker = numbers.flicker, (0...1).contains(flicker) {
      line.append("flicker ")
      line.append(hundredths: UInt64(10_000 * flicker + 0.5))
      line.append(" %  ")
    }
    line.append("frame ")
    line.append(number: numbers.frame)
    let right = layout.margin + layout.width - layout.inset
    small.write(line, at: right - small.width(of: line), y, colour: Self.labelColour, on: canvas)
  }
}
