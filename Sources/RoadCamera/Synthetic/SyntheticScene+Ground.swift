/// The ground, row by row: each row sees one distance, so light and haze are constants of the row.
extension SyntheticScene {
  private static let metre = SyntheticTrack.metre
  /// From the middle of the road to its edge.
  static let halfRoad = metre * 4

  private enum Zone {
    case road, pavement, gravel, grass
  }

  /// What all pixels of a row share.
  private struct GroundRow {
    var y: Int
    var distance: Int
    /// Along the road, from its start.
    var place: Int
    /// Ground metres a pixel, in 65536ths.
    var pixel: Int
    /// From the middle of the road, at the left edge of the first pixel.
    var left: Int
    var haze: Int
    var lamp: Int
    var suburb: Int
    /// 0 where there are no shadows ... 256.
    var shadow: Int
    var grain: UnsafePointer<UInt8>
    var grainShift: Int
    var grainMask: Int
    var patches: UnsafePointer<UInt8>
    var leaves: UnsafePointer<UInt8>

    /// Column, in 65536ths, of a place `lateral` from the middle of the road.
    func column(_ lateral: Int) -> Int { ((lateral - left) << 16) / pixel }
  }

  func drawGround(on target: SyntheticTarget, light: SyntheticLight) {
    for y in geometry.topRow..<target.height {
      let row = groundRow(y, light: light)
      let edge = Self.halfRoad
      // The verge's border wanders with the place.
      let wander = (Int(hash(row.place >> 15, 31) & 255) - 128) * 40
      let verge =
        edge + Self.metre * 6 / 10 + ((row.suburb * Self.metre * 13 / 10) >> 8) + (row.suburb > 128 ? 0 : wander)
      let side: Zone = row.suburb > 128 ? .pavement : .gravel
      let borders = [row.column(-verge), row.column(-edge), row.column(edge), row.column(verge)]
      draw(.grass, row, from: 0, to: borders[0], on: target, light: light)
      draw(side, row, from: borders[0], to: borders[1], on: target, light: light)
      draw(.road, row, from: borders[1], to: borders[2], on: target, light: light)
      draw(side, row, from: borders[2], to: borders[3], on: target, light: light)
      draw(.grass, row, from: borders[3], to: target.width << 16, on: target, light: light)
      drawMarks(row, on: target, light: light)
    }
  }

  private func groundRow(_ y: Int, light: SyntheticLight) -> GroundRow {
    let seen = geometry.rows[y]
    let place = geometry.cameraDistance + seen.distance
    let pixel = max(1, seen.distance / geometry.focal)
    let metres = seen.distance >> 16
    // Grain: the copy whose texels are about as large as a pixel, between its width and its depth.
    var level = 0
    while level < 7 && (1 << (9 + level)) < (3 * pixel + min(seen.depth, 4 * pixel)) / 5 { level += 1 }
    let mask = (1 << (9 - level)) - 1
    let shift = 9 + level
    let grainRow = (place >> shift) & mask
    let lamp = light.dusk * max(0, 130 - abs(metres - 11) * 6) / 256
    let suburb = track.suburb(at: place)
    return GroundRow(
      y: y, distance: seen.distance, place: place, pixel: pixel,
      left: -seen.offset - (geometry.width * pixel) / 2, haze: Self.haze(at: metres),
      lamp: lamp, suburb: suburb, shadow: (light.shadow * (256 - suburb * 3 / 4)) >> 8,
      grain: textures.grain.level(level) + (grainRow << (9 - level)), grainShift: shift, grainMask: mask,
      patches: textures.patches.level(0) + (((place >> 13) & 255) << 8),
      leaves: textures.leaves.level(0) + (((place >> 12) & 511) << 9))
  }

  /// One zone between two columns (65536ths). Its first pixel is mixed with what is there by how much of it is covered.
  private func draw(
    _ zone: Zone, _ row: GroundRow, from start: Int, to end: Int, on target: SyntheticTarget, light: SyntheticLight
  ) {
    let first = min(max(start, 0), target.width << 16)
    let last = (min(max(end, 0), target.width << 16) + 0xFFFF) >> 16
    let begin = first >> 16
    guard begin < last else { return }
    let surface = self.surface(zone, row, light: light)
    let grainPart = zone == .road ? 120 : zone == .grass ? 150 : 190
    let pixels = target.pixels + row.y * target.pitch
    let before = pixels[begin]
    var u = row.left + begin * row.pixel
    for x in begin..<last {
      let fine = Int(row.grain[(u >> row.grainShift) & row.grainMask])
      let coarse = Int(row.patches[(u >> 13) & 255])
      let shade = 256 - (Int(row.leaves[((u + (fine - 128) * 24) >> 12) & 511]) * row.shadow) >> 8
      pixels[x] = surface.pixel((fine * grainPart + coarse * (256 - grainPart)) >> 8, shade: shade)
      u &+= row.pixel
    }
    let truth: SyntheticClass = zone == .road ? .drivable : .nonDrivable
    let classes = target.classes + row.y * target.width
    let covered = 256 - ((first & 0xFFFF) >> 8)
    if covered < 256 && begin > 0 {
      pixels[begin] = Self.mix(before, pixels[begin], covered)
      if covered >= 128 { classes[begin] = truth.rawValue }
    } else {
      classes[begin] = truth.rawValue
    }
    if begin + 1 < last { (classes + begin + 1).update(repeating: truth.rawValue, count: last - begin - 1) }
  }

  private func surface(_ zone: Zone, _ row: GroundRow, light: SyntheticLight) -> SyntheticSurface {
    typealias RGB = SyntheticLight.RGB
    let (dark, bright): (RGB, RGB) =
      switch zone {
      case .road: (RGB(78, 79, 82), RGB(128, 128, 129))
      case .pavement: (RGB(128, 122, 114), RGB(186, 180, 170))
      case .gravel: (RGB(104, 92, 74), RGB(164, 150, 124))
      case .grass: (RGB(56, 76, 30), RGB(138, 146, 78))
      }
    return SyntheticSurface(dark: dark, bright: bright, light: light, haze: row.haze, lamp: row.lamp)
  }

  /// Edge lines, the dashed middle line, and the kerbs of a suburb.
  private func drawMarks(_ row: GroundRow, on target: SyntheticTarget, light: SyntheticLight) {
    let metre = Self.metre
    let white = SyntheticSurface(
      dark: SyntheticLight.RGB(196, 196, 190), bright: SyntheticLight.RGB(236, 236, 230), light: light, haze: row.haze,
      lamp: row.lamp)
    let depth = geometry.rows[row.y].depth
    drawMark(at: -metre * 36 / 10, width: metre / 8, opacity: 216, surface: white, row, on: target)
    drawMark(at: metre * 36 / 10, width: metre / 8, opacity: 216, surface: white, row, on: target)
    // Dashes of 4 metres every 10: how much of the row's depth lies on one.
    let period = 10 * metre
    var painted = 0
    for sample in 0..<4 {
      let place = row.place + depth * sample / 4
      if place % period < 4 * metre { painted += 1 }
    }
    drawMark(at: 0, width: metre / 8, opacity: 54 * painted, surface: white, row, on: target)
    if row.suburb > 128 {
      let stone = SyntheticSurface(
        dark: SyntheticLight.RGB(150, 148, 144), bright: SyntheticLight.RGB(206, 204, 198), light: light,
        haze: row.haze,
        lamp: row.lamp)
      drawMark(at: -Self.halfRoad - metre / 14, width: metre / 6, opacity: 240, surface: stone, row, on: target)
      drawMark(at: Self.halfRoad + metre / 14, width: metre / 6, opacity: 240, surface: stone, row, on: target)
    }
  }

  private func drawMark(
    at lateral: Int, width: Int, opacity: Int, surface: SyntheticSurface, _ row: GroundRow, on target: SyntheticTarget
  ) {
    guard opacity > 0 else { return }
    let left = max(row.column(lateral - width / 2), 0)
    let right = min(row.column(lateral + width / 2), target.width << 16)
    guard left < right else { return }
    let pixels = target.pixels + row.y * target.pitch
    for x in (left >> 16)...((right - 1) >> 16) {
      let covered = min(right, (x + 1) << 16) - max(left, x << 16)
      let u = row.left + x * row.pixel
      let fine = Int(row.grain[(u >> row.grainShift) & row.grainMask])
      let wear = Int(row.patches[(u >> 11) & 255])
      let shade = 256 - (Int(row.leaves[(u >> 12) & 511]) * row.shadow) >> 8
      let part = (covered * opacity * (160 + wear * 3 / 8)) >> 24
      pixels[x] = Self.mix(pixels[x], surface.pixel(fine, shade: shade), min(part, 256))
    }
  }

  /// 256ths of the way into the haze.
  static func haze(at metres: Int) -> Int { min(150, metres * 104 / 256) }

  /// `part` of 256 of the way from one pixel to the other.
  @inline(__always)
  static func mix(_ from: UInt32, _ to: UInt32, _ part: Int) -> UInt32 {
    let part = UInt32(truncatingIfNeeded: part)
    let redBlue = ((from & 0xFF00FF) &* (256 &- part) &+ (to & 0xFF00FF) &* part) &>> 8 & 0xFF00FF
    let green = ((from & 0xFF00) &* (256 &- part) &+ (to & 0xFF00) &* part) &>> 8 & 0xFF00
    return 0xFF00_0000 | redBlue | green
  }
}
