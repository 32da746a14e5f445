/// A picture with transparency of something that stands in the scene, with its halved copies for greater distances.
final class SyntheticSprite: @unchecked Sendable {
  struct Level {
    var width: Int
    var height: Int
    /// Red, green, blue, opacity.
    var texels: UnsafeMutablePointer<UInt32>
  }

  let levels: [Level]
  /// What it counts as in the ground truth.
  let roadClass: SyntheticClass

  init(width: Int, height: Int, roadClass: SyntheticClass, texels: [UInt32]) {
    precondition(texels.count == width * height, "\(texels.count) texels for \(width)x\(height)")
    self.roadClass = roadClass
    var levels: [Level] = []
    var (width, height) = (width, height)
    let first = UnsafeMutablePointer<UInt32>.allocate(capacity: width * height)
    first.initialize(from: texels, count: width * height)
    levels.append(Level(width: width, height: height, texels: first))
    while width > 2 && height > 2 {
      let finer = levels[levels.count - 1]
      (width, height) = (width / 2, height / 2)
      let coarser = UnsafeMutablePointer<UInt32>.allocate(capacity: width * height)
      for y in 0..<height {
        for x in 0..<width { coarser[y * width + x] = Self.mean(finer, 2 * x, 2 * y) }
      }
      levels.append(Level(width: width, height: height, texels: coarser))
    }
    self.levels = levels
  }

  deinit {
    for level in levels { level.texels.deallocate() }
  }

  /// Colours weigh by their opacity, so that the invisible does not bleed in.
  private static func mean(_ level: Level, _ x: Int, _ y: Int) -> UInt32 {
    var (red, green, blue, opacity) = (0, 0, 0, 0)
    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
      let texel = Int(level.texels[(y + dy) * level.width + x + dx])
      let weight = texel >> 24
      red += (texel & 255) * weight
      green += (texel >> 8 & 255) * weight
      blue += (texel >> 16 & 255) * weight
      opacity += weight
    }
    guard opacity > 0 else { return 0 }
    return UInt32(red / opacity | (green / opacity) << 8 | (blue / opacity) << 16 | ((opacity + 2) / 4) << 24)
  }
}

/// A canvas to draw a sprite on, in integers: shapes are tested at sixteen points a pixel.
struct SyntheticCanvas {
  let width: Int
  let height: Int
  private(set) var texels: [UInt32]

  /// Points are in quarter pixels.
  static let unit = 4

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    texels = [UInt32](repeating: 0, count: width * height)
  }

  typealias RGB = (red: Int, green: Int, blue: Int)

  /// Fills where `covers` holds, within the rectangle (pixels); `colour` is asked once a pixel.
  mutating func fill(
    _ x: Range<Int>, _ y: Range<Int>, colour: (Int, Int) -> RGB, covers: (Int, Int) -> Bool = { _, _ in true }
  ) {
    for py in y.clamped(to: 0..<height) {
      for px in x.clamped(to: 0..<width) {
        var hits = 0
        for sub in 0..<16 where covers(px * 4 + sub & 3, py * 4 + sub >> 2) { hits += 1 }
        if hits > 0 { blend(px, py, colour(px, py), opacity: hits * 255 / 16) }
      }
    }
  }

  mutating func ellipse(_ cx: Int, _ cy: Int, _ rx: Int, _ ry: Int, colour: (Int, Int) -> RGB) {
    fill((cx - rx)..<(cx + rx + 1), (cy - ry)..<(cy + ry + 1), colour: colour) { x, y in
      let (dx, dy) = ((2 * x + 1 - 8 * cx) * ry, (2 * y + 1 - 8 * cy) * rx)
      return dx * dx + dy * dy <= 64 * rx * rx * ry * ry
    }
  }

  /// A convex polygon, its corners clockwise on the screen, in pixels.
  mutating func polygon(_ corners: [(Int, Int)], colour: (Int, Int) -> RGB) {
    let xs = corners.map { $0.0 }
    let ys = corners.map { $0.1 }
    guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max() else { return }
    fill(left..<(right + 1), top..<(bottom + 1), colour: colour) { x, y in
      for (index, (ax, ay)) in corners.enumerated() {
        let (bx, by) = corners[(index + 1) % corners.count]
        let cross = (bx - ax) * (2 * y + 1 - 8 * ay) - (by - ay) * (2 * x + 1 - 8 * ax)
        if cross < 0 { return false }
      }
      return true
    }
  }

  mutating func blend(_ x: Int, _ y: Int, _ colour: RGB, opacity: Int) {
    let old = Int(texels[y * width + x])
    let oldOpacity = old >> 24
    let all = opacity + oldOpacity * (255 - opacity) / 255
    guard all > 0 else { return }
    func mix(_ value: Int, _ shift: Int) -> Int {
      let under = ((old >> shift) & 255) * oldOpacity * (255 - opacity) / 255
      return min(255, (min(max(value, 0), 255) * opacity + under) / all)
    }
    texels[y * width + x] = UInt32(
      mix(colour.red, 0) | mix(colour.green, 8) << 8 | mix(colour.blue, 16) << 16 | all << 24)
  }

  func sprite(_ roadClass: SyntheticClass) -> SyntheticSprite {
    SyntheticSprite(width: width, height: height, roadClass: roadClass, texels: texels)
  }
}
