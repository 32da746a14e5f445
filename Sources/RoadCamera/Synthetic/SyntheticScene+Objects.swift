/// What stands and drives on the ground, drawn from far to near.
extension SyntheticScene {
  private static let metre = SyntheticTrack.metre

  /// One vehicle at one moment.
  struct Vehicle {
    var distance: Int
    /// From the middle of the road.
    var lateral: Int
    var sprite: Int
    var isOncoming: Bool
  }

  static let vehicleCount = 6

  func drawObjects(on target: SyntheticTarget, light: SyntheticLight, turn: Int) {
    let cell = SyntheticTrack.cellLength
    let first = geometry.cameraDistance / cell
    let last = (geometry.cameraDistance + 260 * Self.metre) / cell
    var bound = SyntheticGeometry.farthest
    for index in stride(from: last, through: first, by: -1) {
      let distance = index * cell - geometry.cameraDistance + cell / 2
      drawVehicles(between: distance, and: bound, on: target, light: light, turn: turn)
      bound = distance
      guard distance > 2 * Self.metre else { continue }
      for row in stride(from: SyntheticTrack.rows - 1, through: 0, by: -1) {
        drawObject(index, side: -1, row: row, distance: distance, on: target, light: light)
        drawObject(index, side: 1, row: row, distance: distance, on: target, light: light)
      }
    }
    drawVehicles(between: 0, and: bound, on: target, light: light, turn: turn)
  }

  private func drawObject(
    _ cell: Int, side: Int, row: Int, distance: Int, on target: SyntheticTarget, light: SyntheticLight
  ) {
    guard let object = track.object(cell: cell, side: side, row: row) else { return }
    let sprite: SyntheticSprite =
      switch object.kind {
      case .tree: sprites.trees[object.variant % sprites.trees.count]
      case .bush: sprites.bushes[object.variant % sprites.bushes.count]
      case .house: sprites.houses[object.variant % sprites.houses.count]
      case .lamp: sprites.lamp
      case .sign: sprites.sign
      }
    draw(
      sprite, distance: distance, lateral: object.lateral, height: object.height,
      isMirrored: object.kind == .lamp ? side > 0 : object.variant & 1 == 1, on: target, light: light)
  }

  /// The car ahead keeps a changing distance, another is far ahead, the rest come towards us.
  func vehicle(_ index: Int, turn: Int) -> Vehicle {
    let metre = Self.metre
    let colour = Int(hash(index, 64) % 5)
    switch index {
    case 0:
      let gap = 21 * metre + Self.wave(turn, period: 900) * 560
      return Vehicle(distance: gap, lateral: SyntheticGeometry.lane, sprite: colour, isOncoming: false)
    case 1:
      let gap = 78 * metre + Self.wave(turn, period: 1300) * 1900
      return Vehicle(distance: gap, lateral: SyntheticGeometry.lane, sprite: colour, isOncoming: false)
    default:
      // Oncoming at about our own speed: the gap shrinks by a metre a frame.
      let loop = 520 * metre
      let start = Int(hash(index, 62) % 130) * metre + (index - 2) * 130 * metre
      let gap = (start - turn * metre) % loop
      let round = hash(index, (start - turn * metre) / loop, 63)
      return Vehicle(
        distance: gap < 0 ? gap + loop : gap, lateral: -SyntheticGeometry.lane, sprite: Int(round % 5), isOncoming: true
      )
    }
  }

  /// Those whose distance lies in `near ..< far`, the farther first.
  private func drawVehicles(
    between near: Int, and far: Int, on target: SyntheticTarget, light: SyntheticLight, turn: Int
  ) {
    var bound = far
    while true {
      var next: Vehicle? = nil
      for index in 0..<Self.vehicleCount {
        let vehicle = vehicle(index, turn: turn)
        if vehicle.distance >= near, vehicle.distance < bound, vehicle.distance > next?.distance ?? -1 {
          next = vehicle
        }
      }
      guard let vehicle = next else { return }
      bound = vehicle.distance
      draw(
        sprites.shadow, distance: vehicle.distance, lateral: vehicle.lateral, height: Self.metre * 45 / 100,
        sink: Self.metre * 20 / 100, isMirrored: false, on: target, light: light)
      let sprite = (vehicle.isOncoming ? sprites.fronts : sprites.rears)[vehicle.sprite]
      draw(
        sprite, distance: vehicle.distance, lateral: vehicle.lateral, height: Self.metre * 3 / 2, isMirrored: false,
        on: target, light: light)
      if light.dusk > 96 { drawLamps(of: vehicle, on: target, light: light) }
    }
  }

  private func drawLamps(of vehicle: Vehicle, on target: SyntheticTarget, light: SyntheticLight) {
    let metre = Self.metre
    let size = vehicle.isOncoming ? metre * 7 / 10 : metre * 4 / 10
    let height = metre * 72 / 100
    for side in stride(from: -1, through: 1, by: 2) {
      draw(
        vehicle.isOncoming ? sprites.headGlow : sprites.tailGlow, distance: vehicle.distance,
        lateral: vehicle.lateral + side * metre * 64 / 100, height: size, sink: size / 2 - height, isMirrored: false,
        isLamp: true, on: target, light: light)
    }
  }

  /// One sprite, its foot on the ground (`sink` below it).
  private func draw(
    _ sprite: SyntheticSprite, distance: Int, lateral: Int, height: Int, sink: Int = 0, isMirrored: Bool,
    isLamp: Bool = false, on target: SyntheticTarget, light: SyntheticLight
  ) {
    guard let ground = geometry.ground(at: distance) else { return }
    let rows = ((height * geometry.focal) << 8) / distance
    let largest = sprite.levels[0]
    let columns = rows * largest.width / largest.height
    guard rows >= 256, columns >= 128 else { return }
    let middle = (target.width << 7) + (((ground.offset + lateral) * geometry.focal) << 8) / distance
    let bottom = (ground.row >> 8) + ((sink * geometry.focal) << 8) / distance
    var level = 0
    while level + 1 < sprite.levels.count && sprite.levels[level + 1].height << 8 >= rows * 3 / 4 { level += 1 }
    let metres = distance >> 16
    let haze = Self.haze(at: metres)
    let surface = SyntheticSurface(
      dark: SyntheticLight.RGB(0, 0, 0), bright: SyntheticLight.RGB(255, 255, 255), light: light, haze: haze,
      lamp: isLamp ? 256 : light.dusk * max(0, 90 - metres * 2) / 256)
    let place = SyntheticPlacement(
      left: middle - columns / 2, top: bottom - rows, width: columns, height: rows, crest: ground.crest >> 16,
      isMirrored: isMirrored)
    blit(sprite.levels[level], roadClass: sprite.roadClass, place, surface: surface, on: target)
  }

  private func blit(
    _ level: SyntheticSprite.Level, roadClass: SyntheticClass, _ place: SyntheticPlacement, surface: SyntheticSurface,
    on target: SyntheticTarget
  ) {
    let firstRow = max(0, (place.top + 128) >> 8)
    let endRow = min(min(target.height, place.crest), (place.top + place.height + 128) >> 8)
    let firstColumn = max(0, (place.left + 128) >> 8)
    let endColumn = min(target.width, (place.left + place.width + 128) >> 8)
    guard firstRow < endRow, firstColumn < endColumn else { return }
    let isSolid = roadClass != .drivable
    // Half a pixel less a 256th: the last column of the picture never asks for a texel beyond the last.
    let step = (level.width << 16) / place.width
    let start = ((firstColumn << 8) + 127 - place.left) * step
    let mirror = place.isMirrored ? level.width - 1 : 0
    let direction = place.isMirrored ? -1 : 1
    for y in firstRow..<endRow {
      let v = ((y << 8) + 127 - place.top) * level.height / place.height
      let texels = level.texels + (v * level.width + mirror)
      let pixels = target.pixels + y * target.pitch
      let classes = target.classes + y * target.width
      var u = start
      for x in firstColumn..<endColumn {
        let texel = texels[(u &>> 16) &* direction]
        u &+= step &<< 8
        let opacity = Int(texel &>> 24)
        if opacity == 0 { continue }
        let lit = surface.tinted(texel)
        pixels[x] = opacity == 255 ? lit : SyntheticScene.mix(pixels[x], lit, opacity &+ opacity &>> 7)
        if opacity >= 128 && isSolid { classes[x] = roadClass.rawValue }
      }
    }
  }
}

/// Where a sprite lies in the picture, in 256ths of a pixel; `crest` is the row (pixels) below which hills hide it.
private struct SyntheticPlacement {
  var left: Int
  var top: Int
  var width: Int
  var height: Int
  var crest: Int
  var isMirrored: Bool
}

extension SyntheticSurface {
  /// A texel's own colour under this light: the surface spans black to white.
  @inline(__always)
  func tinted(_ texel: UInt32) -> UInt32 {
    let red = (baseRed &+ gainRed &* Int(texel & 255)) &>> 8
    let green = (baseGreen &+ gainGreen &* Int(texel &>> 8 & 255)) &>> 8
    let blue = (baseBlue &+ gainBlue &* Int(texel &>> 16 & 255)) &>> 8
    return UInt32(truncatingIfNeeded: min(red, 255) | min(green, 255) << 8 | min(blue, 255) << 16) | 0xFF00_0000
  }
}
