import RoadBase
import RoadFrame
import RoadKernelContract
import RoadKernels
import RoadMask

/// Draws what the network saw over the picture, in place: the road tinted, its border outlined, the other classes
/// faintly if asked for.
///
/// Made once for a size; nothing is allocated while frames flow. `draw` reads the class map a few rows beyond its own
/// and writes its own rows only, so threads may share a picture by disjoint rows.
public final class OverlayRenderer: @unchecked Sendable {
  public let size: PictureSize
  public let style: OverlayStyle
  /// Pixels: 2 at 480 rows.
  public let outlineThickness: Int

  /// The class that is outlined; one that no pixel has where the road is not painted.
  private let drivable: UInt8
  private let paintsOthers: Bool
  private let classes: ClassTable
  /// In 256ths.
  private var roadWeight: Int
  let paints: UnsafeMutablePointer<Paint>
  /// The same for planes.
  let planePaints: UnsafeMutablePointer<PlanePaint>
  /// For every pixel the paint that it gets; a row is used by one thread at a time.
  let codes: UnsafeMutablePointer<UInt8>
  private let kernels = KernelSet.ofThisMachine

  /// Paint codes beyond the classes; void pixels stay as they are.
  private static let outline: UInt8 = 253
  private static let fringe: UInt8 = 254
  private static let none = ClassMap.void
  /// The first of the road's by confidence.
  private static let confidenceCodes = outline - UInt8(OverlayStyle.confidenceColours.count)
  /// Of each margin; nil where confidence is not painted.
  private let confidenceCode: UnsafeMutablePointer<UInt8>?

  public init(size: PictureSize, classes: ClassTable, style: OverlayStyle = OverlayStyle()) {
    let showsConfidence = style.colouring == .confidence
    let limit = Int(showsConfidence ? Self.confidenceCodes : Self.outline) - 1
    precondition(classes.count <= limit, "\(classes.count) classes; the overlay paints up to \(limit)")
    precondition((1...255).contains(style.usualMargin), "a usual margin of \(style.usualMargin) of 255 steps")
    self.size = size
    self.style = style
    outlineThickness = max(1, (size.height + 120) / 240)
    let road = classes.drivable
    drivable = style.paints(road, road: road) ? road : Self.outline - 1
    paintsOthers = (0..<UInt8(classes.count)).contains { $0 != road && style.paints($0, road: road) }
    self.classes = classes
    roadWeight = style.roadWeight
    paints = .allocate(capacity: 256)
    paints.initialize(repeating: Paint(Colour(0, 0, 0), weight: 0), count: 256)
    for (index, entry) in classes.classes.enumerated() {
      paints[index] = style.paint(UInt8(index), entry, road: road)
    }
    paints[Int(Self.fringe)] = Paint(style.outline, weight: style.fringeWeight)
    paints[Int(Self.outline)] = Paint(style.outline, weight: style.outlineWeight)
    planePaints = .allocate(capacity: 256)
    for code in 0..<256 { (planePaints + code).initialize(to: PlanePaint(paints[code])) }
    codes = .allocate(capacity: size.pixels)
    codes.initialize(repeating: Self.none, count: size.pixels)
    confidenceCode = showsConfidence ? .allocate(capacity: 256) : nil
    if let confidenceCode {
      for margin in 0..<256 {
        let level = OverlayStyle.confidenceColours.count { $0.percent * style.usualMargin <= 100 * margin } - 1
        (confidenceCode + margin).initialize(to: Self.confidenceCodes + UInt8(level))
      }
      paintConfidence(weight: style.weight ?? style.roadWeight)
    }
  }

  private func paintConfidence(weight: Int) {
    for (level, entry) in OverlayStyle.confidenceColours.enumerated() {
      let code = Int(Self.confidenceCodes) + level
      // Colours are to be told apart: half as strong again as one colour for all.
      paints[code] = Paint(entry.colour, weight: min(256, weight * 3 / 2))
      planePaints[code] = PlanePaint(paints[code])
    }
  }

  deinit {
    paints.deallocate()
    planePaints.deallocate()
    codes.deallocate()
    confidenceCode?.deallocate()
  }

  /// Changes how strongly the road, and the other classes where they are painted, are tinted. Between two draws only.
  ///
  /// - Parameter roadWeight: in 256ths, 0...256; the other classes keep their ratio to it.
  public func tint(roadWeight: Int) {
    precondition((0...256).contains(roadWeight), "weight \(roadWeight) of 256")
    guard roadWeight != self.roadWeight else { return }
    self.roadWeight = roadWeight
    var look = style
    look.roadWeight = roadWeight
    if look.weight != nil { look.weight = roadWeight }
    look.otherClassWeight = min(256, style.otherClassWeight * roadWeight / max(style.roadWeight, 1))
    for (index, entry) in classes.classes.enumerated() {
      paints[index] = look.paint(UInt8(index), entry, road: classes.drivable)
      planePaints[index] = PlanePaint(paints[index])
    }
    if confidenceCode != nil { paintConfidence(weight: roadWeight) }
  }

  /// Paints the rows `rows` of `picture`; both have the size that the renderer was made for.
  ///
  /// - Parameter confidence: margins of the pixels, which ``OverlayStyle/Colouring/confidence`` paints; without them
  ///   the road has one colour.
  public func draw(_ map: ClassMap, on picture: Picture, rows: Range<Int>, confidence: ClassMap? = nil) {
    precondition(map.size == size && picture.size == size, "map \(map.size), picture \(picture.size), made for \(size)")
    precondition(rows.lowerBound >= 0 && rows.upperBound <= size.height, "rows \(rows) of \(size.height)")
    guard let classes = UnsafePointer(map.bytes.baseAddress) else { return }
    for y in rows {
      let codes = codes + y * size.width
      encode(classes, y: y, into: codes)
      if let confidence { colour(codes, y: y, confidence) }
      paint(picture.row(y), codes: codes)
    }
  }

  public func draw(_ map: ClassMap, on picture: Picture) { draw(map, on: picture, rows: 0..<size.height) }

  /// Paints the rows `rows` of a canvas of either kind. Of planes, two rows that share their chroma are painted
  /// together where `rows` has the upper one.
  public func draw(_ map: ClassMap, on canvas: Canvas, rows: Range<Int>, confidence: ClassMap? = nil) {
    switch canvas {
    case .rgbx(let picture): draw(map, on: picture, rows: rows, confidence: confidence)
    case .planes(let planes): draw(map, on: planes, rows: rows, confidence: confidence)
    }
  }

  public func draw(_ map: ClassMap, on canvas: Canvas, confidence: ClassMap? = nil) {
    draw(map, on: canvas, rows: 0..<size.height, confidence: confidence)
  }
}

extension OverlayRenderer {
  /// Each pixel's paint. Of the road, a pixel is outline when the road ends within the thickness to one of the four
  /// sides; beside the road, the next pixel is fringe. Beyond the edge of the picture the road goes on: no line there.
  func encode(_ classes: UnsafePointer<UInt8>, y: Int, into codes: UnsafeMutablePointer<UInt8>) {
    let width = size.width
    let row = classes + y * width
    func neighbour(_ distance: Int) -> UnsafePointer<UInt8> {
      classes + min(max(y + distance, 0), size.height - 1) * width
    }
    let (up, down) = (neighbour(-1), neighbour(1))
    let (above, below) = (neighbour(-outlineThickness), neighbour(outlineThickness))
    // Near the sides the columns are clamped, one by one; between them they are plain offsets.
    let margin = min(outlineThickness, width)
    for x in 0..<margin { codes[x] = code(row, up, down, above, below, at: x) }
    if width > 2 * margin {
      var middle = RoadCodesArguments(
        row: row + margin, up: up + margin, down: down + margin, farUp: above + margin, farDown: below + margin,
        thickness: outlineThickness, count: width - 2 * margin, road: drivable, outline: Self.outline,
        fringe: Self.fringe, plain: paintsOthers ? nil : Self.none, destination: codes + margin)
      kernels.roadCodesRow.run(&middle)
    }
    for x in max(margin, width - margin)..<width { codes[x] = code(row, up, down, above, below, at: x) }
  }

  /// Road within its outline, by the network's confidence.
  func colour(_ codes: UnsafeMutablePointer<UInt8>, y: Int, _ confidence: ClassMap) {
    guard let confidenceCode, let margins = confidence.bytes.baseAddress else { return }
    precondition(confidence.size == size, "confidence \(confidence.size), made for \(size)")
    let row = margins + y * size.width
    for x in 0..<size.width where codes[x] == drivable { codes[x] = confidenceCode[Int(row[x])] }
  }

  private func code(
    _ row: UnsafePointer<UInt8>, _ up: UnsafePointer<UInt8>, _ down: UnsafePointer<UInt8>,
    _ above: UnsafePointer<UInt8>, _ below: UnsafePointer<UInt8>, at x: Int
  ) -> UInt8 {
    func isRoad(_ distance: Int) -> Bool { row[min(max(x + distance, 0), size.width - 1)] == drivable }
    let sides = isRoad(-1) || isRoad(1) || up[x] == drivable || down[x] == drivable
    guard isRoad(0) else {
      return sides ? Self.fringe : paintsOthers ? row[x] : Self.none
    }
    let deep =
      isRoad(-1) && isRoad(1) && up[x] == drivable && down[x] == drivable && isRoad(-outlineThickness)
      && isRoad(outlineThickness) && above[x] == drivable && below[x] == drivable
    return deep ? drivable : Self.outline
  }

  /// Blends run by run.
  private func paint(_ pixels: UnsafeMutablePointer<UInt8>, codes: UnsafePointer<UInt8>) {
    let width = size.width
    var start = 0
    while start < width {
      let code = codes[start]
      let end = Self.endOfRun(codes, from: start, width: width)
      let paint = paints[Int(code)]
      if paint.keep < 256 { paint.blend(pixels + 4 * start, count: end - start) }
      start = end
    }
  }

  /// Eight codes at a time.
  @inline(__always)
  static func endOfRun(_ codes: UnsafePointer<UInt8>, from start: Int, width: Int) -> Int {
    let code = codes[start]
    let pattern = UInt64(code) &* 0x0101_0101_0101_0101
    var end = start &+ 1
    while end &+ 8 <= width {
      let differences = UnsafeRawPointer(codes + end).loadUnaligned(as: UInt64.self).littleEndian ^ pattern
      if differences != 0 { return end &+ differences.trailingZeroBitCount / 8 }
      end &+= 8
    }
    while end < width && codes[end] == code { end &+= 1 }
    return end
  }
}
