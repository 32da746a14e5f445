import RoadBase

/// What of the car itself the synthetic camera sees.
public struct SyntheticParts: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The bonnet, along the lower edge.
  public static let bonnet = SyntheticParts(rawValue: 1)
  /// The dashboard's reflection in the windscreen: bars that the road shines through.
  public static let reflection = SyntheticParts(rawValue: 2)
  /// Date and time, as cameras write them into the picture.
  public static let stamp = SyntheticParts(rawValue: 4)

  private static let words: [(name: String, part: SyntheticParts)] = [
    ("bonnet", .bonnet), ("reflection", .reflection), ("stamp", .stamp),
  ]

  /// What stands behind the word: "synthetic", "synthetic:bonnet,stamp".
  ///
  /// - Returns: nil where the word is no synthetic road.
  /// - Throws: `.option` for a part that there is not.
  public static func of(source word: String) throws(RoadError) -> SyntheticParts? {
    if word == "synthetic" { return [] }
    guard word.hasPrefix("synthetic:") else { return nil }
    var parts: SyntheticParts = []
    for name in word.dropFirst("synthetic:".count).split(separator: ",", omittingEmptySubsequences: false) {
      guard let found = words.first(where: { $0.name == name }) else {
        throw RoadError(
          .option, "\(word): the synthetic road has no '\(name)'",
          remedy: "it has \(words.map(\.name).joined(separator: ", ")), as synthetic:bonnet,stamp")
      }
      parts.insert(found.part)
    }
    return parts
  }

  /// "synthetic road" or "synthetic road with bonnet, stamp"
  var text: String {
    let names = Self.words.filter { contains($0.part) }.map(\.name)
    return names.isEmpty ? "synthetic road" : "synthetic road with \(names.joined(separator: ", "))"
  }
}

/// What hides the road: the bonnet and the stamp, drawn over all else.
extension SyntheticScene {
  /// Per mille of the height where the bonnet begins, in the middle and at both sides.
  private static let bonnetTop = (middle: 870, side: 930)

  /// First row of the bonnet in a column; the height where there is none.
  func bonnetRow(_ x: Int) -> Int {
    guard parts.contains(.bonnet) else { return size.height }
    let place = (2 * x + 1 - size.width) * 1024 / size.width
    let fall = ((Self.bonnetTop.side - Self.bonnetTop.middle) * place * place) >> 20
    return size.height * (Self.bonnetTop.middle + fall) / 1000
  }

  /// Pixels that show the car or the stamp whatever the road does, 1 each, row-major. The reflection is not among them:
  /// the road is seen through it.
  public func ownParts() -> [UInt8] {
    var own = [UInt8](repeating: 0, count: size.pixels)
    let box = stampBox
    for y in 0..<size.height {
      for x in 0..<size.width where y >= bonnetRow(x) || box.x.contains(x) && box.y.contains(y) {
        own[y * size.width + x] = 1
      }
    }
    return own
  }

  func drawCar(on target: SyntheticTarget, light: SyntheticLight, turn: Int) {
    if parts.contains(.reflection) { drawReflection(on: target, light: light) }
    if parts.contains(.bonnet) { drawBonnet(on: target, light: light) }
    if parts.contains(.stamp) { drawStamp(on: target, turn: turn) }
  }

  private func drawBonnet(on target: SyntheticTarget, light: SyntheticLight) {
    for x in 0..<size.width {
      let top = bonnetRow(x)
      for y in top..<max(top, size.height) {
        // Dark paint with the sky in it near its far edge.
        let depth = min(255, (y - top) * 2048 / size.height)
        let sky = light.horizon.mixed(SyntheticLight.RGB(34, 38, 46), 96 + depth * 160 / 256)
        let edge = y == top ? 40 : 0
        target.pixels[y * target.pitch + x] = Self.grey(
          (sky.red * light.fall.red) >> 8 + edge, (sky.green * light.fall.green) >> 8 + edge,
          (sky.blue * light.fall.blue) >> 8 + edge)
        target.classes[y * target.width + x] = SyntheticClass.vehicles.rawValue
      }
    }
  }

  /// Three bars of vents and the rim of the dashboard, a sixth of the light.
  private func drawReflection(on target: SyntheticTarget, light: SyntheticLight) {
    let glow = Self.grey(
      (200 * light.fall.red) >> 8, (206 * light.fall.green) >> 8, (214 * light.fall.blue) >> 8)
    let (width, height) = (size.width, size.height)
    let rim = height * 610 / 1000..<height * 622 / 1000
    let vents = height * 660 / 1000..<height * 720 / 1000
    for y in rim.lowerBound..<vents.upperBound {
      for x in width / 10..<width * 9 / 10 {
        let isVent = vents.contains(y) && (x * 20 / width) % 6 == 3 && (y * 100 / height) % 2 == 0
        guard rim.contains(y) || isVent else { continue }
        let place = y * target.pitch + x
        target.pixels[place] = Self.mix(target.pixels[place], glow, 44)
      }
    }
  }

  /// Where the stamp stands; empty without one.
  var stampBox: (x: Range<Int>, y: Range<Int>) {
    guard parts.contains(.stamp) else { return (0..<0, 0..<0) }
    let dot = stampDot
    let (left, top) = (size.width / 32, size.height / 40)
    return (left..<min(left + dot * 4 * Self.stampDigits, size.width), top..<min(top + dot * 5, size.height))
  }

  private var stampDot: Int { max(1, size.height / 160) }
  private static let stampDigits = 14
  /// Digits of 3x5 dots, a row in three bits, the upper row highest.
  private static let digits = [
    0b111_101_101_101_111, 0b010_110_010_010_111, 0b111_001_111_100_111, 0b111_001_111_001_111, 0b101_101_111_001_001,
    0b111_100_111_001_111, 0b111_100_111_101_111, 0b111_001_001_010_010, 0b111_101_111_101_111, 0b111_101_111_001_111,
  ]

  /// White digits on black: day and month, year, and the time, which goes on.
  private func drawStamp(on target: SyntheticTarget, turn: Int) {
    let (box, dot) = (stampBox, stampDot)
    let seconds = turn / Self.rate
    let time = (12 + seconds / 3600) % 24 * 10000 + seconds / 60 % 60 * 100 + seconds % 60
    for y in box.y {
      for x in box.x {
        let (dots, row) = ((x - box.x.lowerBound) / dot, (y - box.y.lowerBound) / dot)
        let (place, column) = (dots / 4, dots % 4)
        let digit = place < 8 ? Self.decimal(29_112_026, 7 - place) : Self.decimal(time, 13 - place)
        let isSet = column < 3 && Self.digits[digit] >> (3 * (4 - row) + 2 - column) & 1 == 1
        target.pixels[y * target.pitch + x] = isSet ? Self.grey(240, 240, 236) : Self.grey(16, 16, 16)
        target.classes[y * target.width + x] = SyntheticClass.farObjects.rawValue
      }
    }
  }

  private static func decimal(_ number: Int, _ place: Int) -> Int {
    var rest = number
    for _ in 0..<place { rest /= 10 }
    return rest % 10
  }

  private static func grey(_ red: Int, _ green: Int, _ blue: Int) -> UInt32 {
    UInt32(min(red, 255)) | UInt32(min(green, 255)) << 8 | UInt32(min(blue, 255)) << 16 | 0xFF00_0000
  }
}
