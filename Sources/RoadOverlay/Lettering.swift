import RoadFrame
import RoadMask

/// The letters at one size, drawn once into coverage bitmaps, and the writing of text with them.
final class Lettering: @unchecked Sendable {
  private struct Glyph {
    var offset = 0
    var width = 0
    var advance = 0
  }

  /// Pixels from the top of capitals to the baseline.
  let capHeight: Int
  private let padding: Int
  private let height: Int
  private var glyphs: [Glyph] = []
  private let coverage: UnsafeMutablePointer<UInt8>

  /// - Parameters:
  ///   - capHeight: pixels from the top of capitals to the baseline, at least 5.
  ///   - weight: thickness of the pen as a share of the cap height.
  init(capHeight: Int, weight: Double) {
    precondition(capHeight >= 5, "letters of \(capHeight) pixels cannot be read")
    self.capHeight = capHeight
    let scale = Double(capHeight) / Double(StrokeFont.capHeight)
    let radius = max(0.55, Double(capHeight) * weight / 2)
    padding = Int(radius + 1.5)
    height = Int(Double(StrokeFont.fullHeight) * scale + 1) + 2 * padding
    var drawings: [[UInt8]] = []
    var offset = 0
    for character in UInt8(32)...126 {
      let (strokes, units) = StrokeFont.glyph(character)
      let width = Int(Double(units) * scale + 1) + 2 * padding
      let drawing = Self.draw(
        strokes, width: width, height: height, scale: scale, radius: radius, origin: Double(padding))
      glyphs.append(
        Glyph(offset: offset, width: width, advance: Int(Double(units + StrokeFont.gap) * scale + 0.5)))
      offset += drawing.count
      drawings.append(drawing)
    }
    coverage = .allocate(capacity: offset)
    for (glyph, drawing) in zip(glyphs, drawings) {
      (coverage + glyph.offset).initialize(from: drawing, count: drawing.count)
    }
  }

  deinit { coverage.deallocate() }

  /// A pen of the radius along every stroke; a pixel at the rim is covered by the part of a pixel that lies within.
  /// Additions, products, quotients and square roots only: the same bytes on every machine.
  private static func draw(
    _ strokes: [StrokeFont.Stroke], width: Int, height: Int, scale: Double, radius: Double, origin: Double
  ) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: width * height)
    for y in 0..<height {
      for x in 0..<width {
        var nearest = 1e9
        for stroke in strokes {
          let (x0, y0) = (stroke.x0 * scale + origin, stroke.y0 * scale + origin)
          let (dx, dy) = ((stroke.x1 - stroke.x0) * scale, (stroke.y1 - stroke.y0) * scale)
          let (px, py) = (Double(x) - x0, Double(y) - y0)
          let length = dx * dx + dy * dy
          let along = length == 0 ? 0 : min(max((px * dx + py * dy) / length, 0), 1)
          let (ex, ey) = (px - along * dx, py - along * dy)
          nearest = min(nearest, (ex * ex + ey * ey).squareRoot())
        }
        pixels[y * width + x] = UInt8(min(max((radius + 0.5 - nearest) * 255, 0), 255))
      }
    }
    return pixels
  }

  /// Pixels that the text takes, from the start of its first letter to where a next one would start.
  func width(of text: Text) -> Int {
    var width = 0
    for index in 0..<text.count { width += glyph(text[index]).advance }
    return width
  }

  /// Writes with the upper left corner of capitals at (x, y); what lies outside of the picture is cut off.
  ///
  /// - Returns: where a next letter would start.
  @discardableResult
  func write(_ text: Text, at x: Int, _ y: Int, colour: Colour, on canvas: Canvas) -> Int {
    var x = x
    for index in 0..<text.count {
      let glyph = glyph(text[index])
      switch canvas {
      case .rgbx(let picture): blit(glyph, at: x - padding, y - padding, colour: colour, on: picture)
      case .planes(let planes): blit(glyph, at: x - padding, y - padding, colour: JFIF(colour), on: planes)
      }
      x += glyph.advance
    }
    return x
  }

  private func glyph(_ character: UInt8) -> Glyph {
    (32...126).contains(Int(character)) ? glyphs[Int(character) - 32] : glyphs[Int(UInt8(ascii: "?")) - 32]
  }

  private func blit(_ glyph: Glyph, at left: Int, _ top: Int, colour: Colour, on picture: Picture) {
    let rows = max(0, -top)..<max(max(0, -top), min(height, picture.size.height - top))
    let columns = max(0, -left)..<max(max(0, -left), min(glyph.width, picture.size.width - left))
    for y in rows {
      let source = coverage + glyph.offset + y * glyph.width
      let target = picture.row(top + y) + 4 * left
      for x in columns where source[x] != 0 {
        let weight = Int32(source[x])
        func mix(_ channel: Int, _ value: UInt8) {
          let old = Int32(target[4 * x + channel])
          target[4 * x + channel] = UInt8(truncatingIfNeeded: old + ((Int32(value) - old) * weight + 127) / 255)
        }
        mix(0, colour.red)
        mix(1, colour.green)
        mix(2, colour.blue)
      }
    }
  }

  private func blit(_ glyph: Glyph, at left: Int, _ top: Int, colour: JFIF, on planes: PlanarPicture) {
    let rows = max(0, -top)..<max(max(0, -top), min(height, planes.size.height - top))
    let columns = max(0, -left)..<max(max(0, -left), min(glyph.width, planes.size.width - left))
    guard !rows.isEmpty, !columns.isEmpty else { return }
    let source = coverage + glyph.offset
    for y in rows {
      let target = planes.luma + (top + y) * planes.lumaPitch + left
      for x in columns where source[y * glyph.width + x] != 0 {
        target[x] = Self.mix(target[x], colour.luma, Int32(source[y * glyph.width + x]), of: 255)
      }
    }
    // A chroma sample is covered by its four pixels together.
    func cover(_ x: Int, _ y: Int) -> Int32 {
      columns.contains(x) && rows.contains(y) ? Int32(source[y * glyph.width + x]) : 0
    }
    for chromaY in (top + rows.lowerBound) / 2...(top + rows.upperBound - 1) / 2 {
      for chromaX in (left + columns.lowerBound) / 2...(left + columns.upperBound - 1) / 2 {
        let (x, y) = (2 * chromaX - left, 2 * chromaY - top)
        let weight = cover(x, y) + cover(x + 1, y) + cover(x, y + 1) + cover(x + 1, y + 1)
        guard weight > 0 else { continue }
        let at = chromaY * planes.chromaPitch + chromaX
        planes.u[at] = Self.mix(planes.u[at], colour.u, weight, of: 1020)
        planes.v[at] = Self.mix(planes.v[at], colour.v, weight, of: 1020)
      }
    }
  }

  private static func mix(_ old: UInt8, _ value: Int32, _ weight: Int32, of whole: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: Int32(old) + ((value - Int32(old)) * weight + whole / 2) / whole)
  }
}
