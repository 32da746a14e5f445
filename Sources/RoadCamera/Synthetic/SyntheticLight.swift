/// The light of one moment, from noon to dusk. Colours are 0...255, factors in 256ths.
struct SyntheticLight {
  struct RGB {
    var red: Int
    var green: Int
    var blue: Int

    init(_ red: Int, _ green: Int, _ blue: Int) {
      self.red = red
      self.green = green
      self.blue = blue
    }

    /// `part` of 256 of the way to `other`.
    func mixed(_ other: RGB, _ part: Int) -> RGB {
      RGB(
        red + ((other.red - red) * part) >> 8, green + ((other.green - green) * part) >> 8,
        blue + ((other.blue - blue) * part) >> 8)
    }
  }

  /// 0 day ... 256 dusk.
  let dusk: Int
  /// What falls on things.
  let fall: RGB
  let zenith: RGB
  let horizon: RGB
  let cloud: RGB
  /// Into which distant things fade.
  let haze: RGB
  /// How dark the shadows of trees are, 256ths.
  let shadow: Int

  /// Day for two fifths of the cycle, dusk for a fifth, and smooth changes between.
  ///
  /// - Parameter phase: 0...65535 of the cycle.
  init(phase: Int) {
    let fifths = (phase & 0xFFFF) * 5
    let rising = min(max((fifths - 2 * 65536) >> 8, 0), 256)
    let falling = min(max((fifths - 4 * 65536) >> 8, 0), 256)
    dusk = SyntheticTexture.smooth(rising) - SyntheticTexture.smooth(falling)
    fall = RGB(256, 252, 244).mixed(RGB(112, 94, 104), dusk)
    zenith = RGB(84, 132, 196).mixed(RGB(42, 52, 94), dusk)
    horizon = RGB(196, 214, 230).mixed(RGB(222, 146, 100), dusk)
    cloud = RGB(246, 248, 250).mixed(RGB(178, 118, 112), dusk)
    haze = RGB(184, 200, 214).mixed(RGB(128, 102, 102), dusk)
    shadow = 128 - (96 * dusk) >> 8
  }
}

/// `out = (base + gain · n) >> 8` for a texture value n: a surface with its light and haze worked in, for one distance.
struct SyntheticSurface {
  var baseRed = 0
  var baseGreen = 0
  var baseBlue = 0
  var gainRed = 0
  var gainGreen = 0
  var gainBlue = 0

  /// - Parameters:
  ///   - dark: colour at texture value 0.
  ///   - bright: colour at texture value 255.
  ///   - haze: 256ths of the way into the haze.
  ///   - lamp: 256ths of our own headlights' light, added to what falls.
  init(
    dark: SyntheticLight.RGB, bright: SyntheticLight.RGB, light: SyntheticLight, haze: Int, lamp: Int = 0
  ) {
    func base(_ colour: Int, _ fall: Int, _ fog: Int) -> Int {
      ((colour * min(fall + lamp, 288) * (256 - haze)) >> 8) + fog * haze
    }
    func gain(_ low: Int, _ high: Int, _ fall: Int) -> Int {
      ((high - low) * min(fall + lamp, 288) * (256 - haze)) >> 16
    }
    baseRed = base(dark.red, light.fall.red, light.haze.red)
    baseGreen = base(dark.green, light.fall.green, light.haze.green)
    baseBlue = base(dark.blue, light.fall.blue, light.haze.blue)
    gainRed = gain(dark.red, bright.red, light.fall.red)
    gainGreen = gain(dark.green, bright.green, light.fall.green)
    gainBlue = gain(dark.blue, bright.blue, light.fall.blue)
  }

  /// The pixel for texture value `n`, darkened to `shade` of 256.
  @inline(__always)
  func pixel(_ n: Int, shade: Int) -> UInt32 {
    let red = ((baseRed &+ gainRed &* n) &* shade) &>> 16
    let green = ((baseGreen &+ gainGreen &* n) &* shade) &>> 16
    let blue = ((baseBlue &+ gainBlue &* n) &* shade) &>> 16
    return UInt32(truncatingIfNeeded: min(red, 255) | min(green, 255) << 8 | min(blue, 255) << 16) | 0xFF00_0000
  }
}
