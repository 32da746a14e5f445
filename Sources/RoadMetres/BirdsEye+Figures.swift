import RoadFrame

extension BirdsEye {
  private typealias Ink = (red: UInt8, green: UInt8, blue: UInt8)
  private static let endInk: Ink = (255, 196, 64)
  private static let openInk: Ink = (120, 200, 255)
  private static let widthInk: Ink = (255, 255, 255)
  /// Metres ahead of the camera, where the bar of the width lies.
  private static let widthPlace = 8

  /// Draws over the picture that was drawn last what was measured on the same frame: the ends of the free road in all
  /// directions (amber where something blocks, blue where it is open), a bar straight ahead up to there, and one across
  /// the road that is as long as it is wide. Allocates nothing.
  public func draw(_ figures: RoadFigures) {
    // The picture is drawn as the camera was calibrated, whatever it nods.
    let tilt = figures.tilt ?? .none
    func drawLine(from first: (x: Int, z: Int), to last: (x: Int, z: Int), _ ink: Ink) {
      self.drawLine(from: tilt.apparent(first), to: tilt.apparent(last), ink)
    }
    for index in 1..<max(1, figures.ways.count) {
      let (left, right) = (figures.ways[index - 1], figures.ways[index])
      guard left.end != .unseen, right.end != .unseen else { continue }
      let isOpen = left.end == .open && right.end == .open
      drawLine(
        from: figures.place(index - 1, at: left.free), to: figures.place(index, at: right.free),
        isOpen ? Self.openInk : Self.endInk)
    }
    if figures.ahead.end != .unseen {
      let end = Int(figures.ahead.free)
      let ink = figures.ahead.end == .open ? Self.openInk : Self.endInk
      drawLine(from: (0, Int(figures.ahead.start)), to: (0, end), ink)
      drawLine(from: (-1000, end), to: (1000, end), ink)
    }
    guard let width = figures.width, let offset = figures.offset else { return }
    let (left, right) = (-Int(offset) - Int(width) / 2, -Int(offset) + Int(width) / 2)
    let (row, tick) = (1000 * Self.widthPlace, 500)
    drawLine(from: (left, row), to: (right, row), Self.widthInk)
    drawLine(from: (left, row - tick), to: (left, row + tick), Self.widthInk)
    drawLine(from: (right, row - tick), to: (right, row + tick), Self.widthInk)
  }

  /// Between two places on the road, to the right and ahead in millimetres; two pixels wide. What lies outside of the
  /// picture is left out.
  private func drawLine(from first: (x: Int, z: Int), to last: (x: Int, z: Int), _ ink: Ink) {
    let (scale, size) = (extent.scale, extent.size)
    func column(_ x: Int) -> Int { (extent.side * 1000 + x) * scale / 1000 }
    func row(_ z: Int) -> Int { (extent.ahead * 1000 - z) * scale / 1000 }
    let (x0, y0) = (column(first.x), row(first.z))
    let (dx, dy) = (column(last.x) - x0, row(last.z) - y0)
    let steps = max(abs(dx), abs(dy), 1)
    for step in 0...steps {
      let (x, y) = (x0 + dx * step / steps, y0 + dy * step / steps)
      guard (1..<size.width).contains(x), (1..<size.height).contains(y) else { continue }
      for row in y - 1...y {
        for column in x - 1...x {
          let pixel = picture.row(row) + 4 * column
          (pixel[0], pixel[1], pixel[2]) = ink
        }
      }
    }
  }
}
