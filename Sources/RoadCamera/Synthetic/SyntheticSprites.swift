/// Everything that stands or drives in the scene, drawn once from the seed.
struct SyntheticSprites: Sendable {
  let trees: [SyntheticSprite]
  let bushes: [SyntheticSprite]
  let houses: [SyntheticSprite]
  let lamp: SyntheticSprite
  let sign: SyntheticSprite
  /// Cars from behind and from the front, in pairs of one colour.
  let rears: [SyntheticSprite]
  let fronts: [SyntheticSprite]
  let shadow: SyntheticSprite
  let tailGlow: SyntheticSprite
  let headGlow: SyntheticSprite

  init(hash: SyntheticHash) {
    trees = (0..<6).map { Self.foliage(hash, $0, width: 192, height: 240, trunk: 66) }
    bushes = (0..<3).map { Self.foliage(hash, 10 + $0, width: 192, height: 112, trunk: 0) }
    houses = (0..<3).map { Self.house(hash, $0) }
    lamp = Self.lampPost()
    sign = Self.roadSign()
    let paints = [(196, 30, 34), (214, 218, 222), (38, 44, 54), (44, 86, 150), (150, 154, 158)]
    rears = paints.map { Self.car($0, isRear: true) }
    fronts = paints.map { Self.car($0, isRear: false) }
    shadow = Self.contactShadow()
    tailGlow = Self.glow((255, 44, 30))
    headGlow = Self.glow((255, 244, 214))
  }
}

extension SyntheticSprites {
  private typealias RGB = SyntheticCanvas.RGB

  private static func scaled(_ colour: RGB, _ part: Int) -> RGB {
    ((colour.red * part) >> 8, (colour.green * part) >> 8, (colour.blue * part) >> 8)
  }

  /// A crown of some ninety leafy balls, dark behind and below, light in front and above, on a trunk if it has one.
  private static func foliage(
    _ hash: SyntheticHash, _ variant: Int, width: Int, height: Int, trunk: Int
  ) -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: width, height: height)
    let bark: RGB = (78 + variant * 3, 64, 50)
    if trunk > 0 {
      canvas.polygon([
        (width / 2 - 4, height / 2), (width / 2 + 4, height / 2), (width / 2 + 7, height), (width / 2 - 7, height),
      ]) {
        x, y in scaled(bark, 150 + (x - width / 2 + 8) * 6 + Int(hash(x, y / 3, variant) % 40))
      }
    }
    let crown = height - trunk
    let hue = hash.within(0...40, variant, 21)
    let base: RGB = (58 + hue, 86 + hue / 3, 34 + hue / 4)
    let balls = trunk > 0 ? 110 : 80
    for ball in 0..<balls {
      // Positions in a disc, by rejection; those drawn first lie behind.
      var (dx, dy) = (0, 0)
      var attempt = 0
      repeat {
        dx = hash.within(-100...100, ball, attempt, variant * 4 + 40)
        dy = hash.within(-100...100, ball, attempt, variant * 4 + 41)
        attempt += 1
      } while dx * dx + dy * dy > 10_000
      let radius = hash.within((crown / 14)...(crown / 8), ball, variant, 42)
      let cx = width / 2 + dx * (width / 2 - radius - 3) / 100
      let squash = trunk > 0 ? 100 : min(100, 100 - dx * dx / 250)
      let cy = crown - radius - 2 - (100 - dy) * (crown / 2 - radius - 2) / 100 * squash / 100
      let depth = 120 + 100 * ball / balls
      leafBall(&canvas, hash, ball &* 131 &+ variant, cx, cy, radius, depth - dy * 50 / 100, base)
    }
    return canvas.sprite(.farObjects)
  }

  private static func leafBall(
    _ canvas: inout SyntheticCanvas, _ hash: SyntheticHash, _ salt: Int, _ cx: Int, _ cy: Int, _ radius: Int,
    _ light: Int,
    _ base: RGB
  ) {
    for y in max(0, cy - radius)...min(canvas.height - 1, cy + radius) {
      for x in max(0, cx - radius)...min(canvas.width - 1, cx + radius) {
        let (dx, dy) = (x - cx, y - cy)
        let ragged = Int(hash(x / 2, y / 2, salt) % 48)
        let reach = (dx * dx + dy * dy) * 100 / (radius * radius)
        guard reach + ragged < 104 else { continue }
        let leaf = Int(hash(x, y, salt) % 90) + Int(hash(x / 3, y / 3, salt) % 50) - 70
        let side = (-dy * 60 - dx * 34) / radius
        let part = max(40, light + side + leaf)
        canvas.blend(x, y, scaled(base, part), opacity: 255)
      }
    }
  }

  private static func house(_ hash: SyntheticHash, _ variant: Int) -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: 224, height: 160)
    let walls: [RGB] = [(196, 178, 150), (168, 104, 82), (206, 204, 196)]
    let wall = walls[variant]
    let roof: RGB = variant == 1 ? (92, 86, 88) : (138, 78, 62)
    canvas.fill(14..<210, 62..<160, colour: { x, y in scaled(wall, 226 + Int(hash(x / 4, y / 2, variant) % 30)) })
    canvas.polygon([(46, 8), (178, 8), (222, 64), (2, 64)]) { x, y in
      scaled(roof, 200 + (y / 4 % 2) * 20 + Int(hash(x / 5, y / 4, variant) % 36))
    }
    canvas.fill(14..<210, 62..<68, colour: { _, _ in scaled(wall, 150) })
    for column in 0..<4 {
      for row in 0..<2 {
        let (x, y) = (30 + column * 45, 76 + row * 42)
        if row == 1 && column == 2 {
          canvas.fill(x..<(x + 24), y..<160, colour: { _, _ in (88, 62, 48) })
        } else {
          canvas.fill((x - 3)..<(x + 29), (y - 3)..<(y + 27), colour: { _, _ in (232, 230, 224) })
          canvas.fill(
            x..<(x + 26), y..<(y + 24), colour: { px, py in (52 + (py - y) * 2, 66 + (py - y) * 2, 84 + (px - x)) })
          canvas.fill((x + 12)..<(x + 14), y..<(y + 24), colour: { _, _ in (224, 222, 216) })
        }
      }
    }
    return canvas.sprite(.farObjects)
  }

  private static func lampPost() -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: 64, height: 256)
    canvas.fill(30..<34, 12..<256, colour: { x, _ in (120 + (x - 30) * 14, 124 + (x - 30) * 14, 126 + (x - 30) * 14) })
    canvas.fill(28..<36, 226..<256, colour: { _, _ in (104, 108, 110) })
    canvas.polygon([(32, 8), (58, 4), (58, 8), (32, 13)]) { _, _ in (132, 136, 138) }
    canvas.ellipse(54, 8, 8, 3) { _, _ in (214, 212, 196) }
    return canvas.sprite(.roadsideObjects)
  }

  private static func roadSign() -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: 64, height: 160)
    canvas.fill(30..<34, 50..<160, colour: { _, _ in (128, 130, 132) })
    canvas.ellipse(32, 30, 28, 28) { _, _ in (204, 32, 36) }
    canvas.ellipse(32, 30, 21, 21) { _, _ in (240, 240, 236) }
    canvas.fill(20..<30, 20..<40, colour: { _, _ in (30, 30, 34) })
    canvas.fill(34..<44, 20..<40, colour: { _, _ in (30, 30, 34) })
    return canvas.sprite(.roadsideObjects)
  }

  /// A lamp seen in the dusk: a white heart and a halo of its colour. It counts as whatever it lies over.
  private static func glow(_ colour: RGB) -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: 64, height: 64)
    for y in 0..<64 {
      for x in 0..<64 {
        let (dx, dy) = (2 * x - 63, 2 * y - 63)
        let left = max(0, 3969 - dx * dx - dy * dy)
        let heart = max(0, left - 3300) * 255 / 669
        let mixed = (
          colour.red + (255 - colour.red) * heart / 255, colour.green + (255 - colour.green) * heart / 255,
          colour.blue + (255 - colour.blue) * heart / 255
        )
        canvas.blend(x, y, mixed, opacity: (left * left / 3969) * 230 / 3969)
      }
    }
    return canvas.sprite(.drivable)
  }

  private static func contactShadow() -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: 128, height: 32)
    for y in 0..<32 {
      for x in 0..<128 {
        let (dx, dy) = ((2 * x - 127) * 1000 / 127, (2 * y - 31) * 1000 / 31)
        let reach = (dx * dx + dy * dy) / 1000
        if reach < 1000 { canvas.blend(x, y, (14, 15, 18), opacity: min(215, (1000 - reach) * 40 / 100)) }
      }
    }
    return canvas.sprite(.drivable)
  }
}
