/// Everything above the ground that is far enough to only turn with our heading.
extension SyntheticScene {
  /// A gradient from the zenith to the horizon, with clouds.
  func drawSky(on target: SyntheticTarget, light: SyntheticLight, turn: Int) {
    let horizon = max(geometry.horizon >> 16, 1)
    let bottom = min(target.height, max(geometry.topRow, 1))
    let heading = (track.heading(at: geometry.cameraDistance) * geometry.focal) >> 24
    for y in 0..<bottom {
      let above = max(0, horizon - y)
      let part = min(256, (above * 256) / horizon)
      let blue = light.horizon.mixed(light.zenith, (part * (512 - part)) >> 8)
      // Towards the horizon clouds thin out into the haze.
      let cloud = blue.mixed(light.cloud, min(220, above * 900 / horizon))
      let surface = SyntheticSurface(sky: blue, cloud: cloud)
      // A panorama: columns turn with our heading, rows are squeezed towards the horizon as a layer of clouds is.
      let squeeze = (target.height << 7) / (above + target.height / 4)
      let level = above * 5 < horizon ? 2 : above * 2 < horizon ? 1 : 0
      let texture = textures.clouds.level(level)
      let bits = 9 - level
      let mask = (1 << bits) - 1
      let texels = texture + (((squeeze >> level) & mask) << bits)
      let pixels = target.pixels + y * target.pitch
      let step = 150 * 640 / target.width
      var u = (heading - target.width / 2) * step + turn * 20
      for x in 0..<target.width {
        let density = Int(texels[(u >> (8 + level)) & mask])
        pixels[x] = surface.pixel(min(max((density - 128) * 3, 0), 255), shade: 256)
        u &+= step
      }
      (target.classes + y * target.width).update(repeating: SyntheticClass.sky.rawValue, count: target.width)
    }
  }

  /// Two ranges at the horizon: blue hills, and before them a belt of woods.
  func drawRidges(on target: SyntheticTarget, light: SyntheticLight) {
    let heading = (track.heading(at: geometry.cameraDistance) * geometry.focal) >> 24
    let horizon = geometry.horizon >> 16
    let (hills, woods) = (ridges, ridges + target.width)
    for x in 0..<target.width {
      let angle = (heading + x - target.width / 2) * 640 / target.width
      hills[x] = Int32(
        horizon - (ridge(angle, cell: 160, salt: 51) * 11 + ridge(angle, cell: 37, salt: 52) * 3) * target.height
          / 90_000)
      woods[x] = Int32(
        horizon
          - (2600 + ridge(angle, cell: 71, salt: 53) * 5 + ridge(angle, cell: 9, salt: 54) * 3
            + ridge(angle, cell: 3, salt: 55))
          * target.height / 150_000)
    }
    let hillSurface = SyntheticSurface(
      dark: SyntheticLight.RGB(66, 84, 72), bright: SyntheticLight.RGB(112, 126, 96), light: light, haze: 168)
    let woodSurface = SyntheticSurface(
      dark: SyntheticLight.RGB(34, 50, 26), bright: SyntheticLight.RGB(96, 116, 66), light: light, haze: 92)
    let top = max(0, horizon - target.height / 5)
    guard top < geometry.topRow else { return }
    let texels = textures.grain.level(1)
    for y in top..<min(geometry.topRow, target.height) {
      let pixels = target.pixels + y * target.pitch
      let classes = target.classes + y * target.width
      for x in 0..<target.width where y >= hills[x] || y >= woods[x] {
        let n = Int(texels[((y * 3) & 255) << 8 | ((heading + x) & 255)])
        pixels[x] = (y >= woods[x] ? woodSurface : hillSurface).pixel(n, shade: 256)
        classes[x] = SyntheticClass.farObjects.rawValue
      }
    }
  }

  /// Smooth heights of 0...1023 along the panorama.
  private func ridge(_ angle: Int, cell: Int, salt: Int) -> Int {
    let place = angle + (1 << 20) * cell
    let (index, part) = (place / cell, SyntheticTexture.smooth(place % cell * 256 / cell))
    let (left, right) = (Int(hash(index, salt) & 1023), Int(hash(index + 1, salt) & 1023))
    return left + ((right - left) * part) >> 8
  }
}

extension SyntheticSurface {
  /// Sky from clear (0) to clouded (255); nothing of it is lit or hazed again.
  init(sky: SyntheticLight.RGB, cloud: SyntheticLight.RGB) {
    baseRed = sky.red << 8
    baseGreen = sky.green << 8
    baseBlue = sky.blue << 8
    gainRed = cloud.red - sky.red
    gainGreen = cloud.green - sky.green
    gainBlue = cloud.blue - sky.blue
  }
}
