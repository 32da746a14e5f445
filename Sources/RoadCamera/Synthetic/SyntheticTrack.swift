/// The road as a function of the distance along it: bends, hills and what stands beside it. It repeats after
/// ``length``.
///
/// Lengths are in 65536ths of a metre throughout the synthetic road.
struct SyntheticTrack: Sendable {
  static let metre = 1 << 16
  private static let knotMetres = 64
  private static let knots = 64
  static let length = knots * knotMetres * metre

  /// At the knots, in 2^-24 a metre. Between them the curvature changes linearly: the clothoids that roads are built
  /// of.
  private let curvatures: [Int]
  /// At the knots, in 2^-16 metres a metre.
  private let slopes: [Int]
  /// Heading at the knots, in 2^-24 radians, all bends since the start added up.
  private let headings: [Int]
  /// 0: open country; 256: houses and pavements. At the knots.
  private let suburbs: [Int]
  private let hash: SyntheticHash

  init(hash: SyntheticHash) {
    self.hash = hash
    let sharpest = (1 << 24) / 260
    var curvatures = (0..<Self.knots).map { knot in
      hash(knot, 1) % 10 < 4 ? 0 : hash.within(-sharpest...sharpest, knot, 2)
    }
    // It starts straight, and level enough to show what it is.
    for knot in 0..<3 { curvatures[knot] = hash.within(-9000...9000, knot, 3) }
    // The bends of a round add up to nothing, so that the sky does not jump where it closes.
    let excess = curvatures.reduce(0, +)
    for knot in curvatures.indices { curvatures[knot] -= excess / Self.knots }
    self.curvatures = curvatures
    slopes = (0..<Self.knots).map { knot in knot < 2 ? 0 : hash.within(-2000...2000, knot, 4) }
    var heading = 0
    headings = (0..<Self.knots).map { knot in
      defer { heading += (curvatures[knot] + curvatures[(knot + 1) % Self.knots]) / 2 * Self.knotMetres }
      return heading
    }
    suburbs = (0..<Self.knots).map { knot in (knot / 5) % 2 == 1 ? 256 : 0 }
  }

  private func split(_ distance: Int) -> (knot: Int, next: Int, part: Int) {
    let place = ((distance % Self.length) + Self.length) % Self.length
    let unit = Self.knotMetres * Self.metre
    let knot = place / unit
    return (knot, (knot + 1) % Self.knots, place % unit / Self.knotMetres)
  }

  /// 2^-24 a metre; positive bends to the right.
  func curvature(at distance: Int) -> Int {
    let (knot, next, part) = split(distance)
    return curvatures[knot] + ((curvatures[next] - curvatures[knot]) * part) >> 16
  }

  /// 2^-16 metres a metre; positive rises.
  func slope(at distance: Int) -> Int {
    let (knot, next, part) = split(distance)
    return slopes[knot] + ((slopes[next] - slopes[knot]) * SyntheticTexture.smooth(part >> 8)) >> 8
  }

  /// 2^-24 radians.
  func heading(at distance: Int) -> Int {
    let (knot, _, part) = split(distance)
    let here = (curvatures[knot] + curvature(at: distance)) / 2
    return headings[knot] + (here * Self.knotMetres * part) >> 16
  }

  /// 0...256.
  func suburb(at distance: Int) -> Int {
    let (knot, next, part) = split(distance)
    let sharp = min(max((part - 24576) * 4, 0), 65536)
    return suburbs[knot] + ((suburbs[next] - suburbs[knot]) * sharp) >> 16
  }
}

/// One thing beside the road.
struct SyntheticObject {
  enum Kind: Sendable {
    case tree, bush, house, lamp, sign
  }

  var kind: Kind
  var variant: Int
  /// From the middle of the road; positive is to the right.
  var lateral: Int
  /// Height in metres' 65536ths.
  var height: Int
}

extension SyntheticTrack {
  /// Things stand in cells of 6 metres, at most one a side and row.
  static let cellLength = 6 * metre
  /// Rows of things on each side, from the road outwards.
  static let rows = 3

  /// What stands on one side (-1 left, 1 right) in one cell.
  func object(cell: Int, side: Int, row: Int) -> SyntheticObject? {
    let cells = Self.length / Self.cellLength
    let place = ((cell % cells) + cells) % cells
    func pick(_ range: ClosedRange<Int>, _ what: Int) -> Int { hash.within(range, place, side * 8 + row, what) }
    let isSuburb = suburb(at: place * Self.cellLength) > 128
    let metre = Self.metre
    func thing(_ kind: SyntheticObject.Kind, _ lateral: ClosedRange<Int>, _ height: ClosedRange<Int>) -> SyntheticObject
    {
      SyntheticObject(
        kind: kind, variant: pick(0...1023, 5), lateral: side * pick(lateral, 6) * metre / 10,
        height: pick(height, 7) * metre / 10)
    }
    switch row {
    case 0:
      if isSuburb {
        if place % 6 == (side > 0 ? 0 : 3) { return thing(.lamp, 62...62, 76...76) }
        return place % 17 == 9 ? thing(.sign, 60...60, 26...26) : nil
      }
      if place % 23 == 11 && side > 0 { return thing(.sign, 58...58, 26...26) }
      return pick(0...99, 1) < 40 ? thing(.bush, 72...95, 10...22) : nil
    case 1:
      if isSuburb { return pick(0...99, 2) < 34 ? thing(.tree, 84...110, 55...85) : nil }
      return pick(0...99, 2) < 62 ? thing(.tree, 88...150, 60...125) : nil
    default:
      if isSuburb {
        if place % 3 == 0 { return thing(.house, 170...200, 70...95) }
        return pick(0...99, 3) < 40 ? thing(.bush, 125...150, 16...28) : nil
      }
      return pick(0...99, 3) < 70 ? thing(.tree, 170...280, 80...140) : nil
    }
  }
}
