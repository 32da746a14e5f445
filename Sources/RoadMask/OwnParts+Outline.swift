import RoadBase

extension OwnParts {
  /// Outlines of the pixels that are set, each within about a pixel: parts that hang together by their sides become a
  /// polygon each, the largest first, without their holes.
  ///
  /// - Returns: nil where none is set.
  public init?(outlining set: [Bool], size: PictureSize) {
    precondition(set.count == size.pixels, "\(set.count) pixels of \(size)")
    var outlines = Outlines(set, size: size)
    let loops = outlines.loops()
    guard !loops.isEmpty else { return nil }
    let scale = { (value: Int, side: Int) in (value * 20000 + side) / (2 * side) }
    self.init(
      polygons: loops.map { $0.map { Corner(x: scale($0.x, size.width), y: scale($0.y, size.height)) } })
  }
}

/// Follows the sides between pixels that are set and others, the set ones on the right hand.
private struct Outlines {
  struct Point: Hashable {
    var x: Int
    var y: Int
  }

  private let size: PictureSize
  private let set: [Bool]
  /// By corner, the directions in which a side leaves it, one bit each: right, down, left, up.
  private var leaving: [UInt8]
  private static let ways = [(1, 0), (0, 1), (-1, 0), (0, -1)]

  init(_ set: [Bool], size: PictureSize) {
    (self.size, self.set) = (size, set)
    leaving = [UInt8](repeating: 0, count: (size.width + 1) * (size.height + 1))
    for y in 0..<size.height {
      for x in 0..<size.width where isSet(x, y) {
        if !isSet(x, y - 1) { leave(x, y, 0) }
        if !isSet(x + 1, y) { leave(x + 1, y, 1) }
        if !isSet(x, y + 1) { leave(x + 1, y + 1, 2) }
        if !isSet(x - 1, y) { leave(x, y + 1, 3) }
      }
    }
  }

  private func isSet(_ x: Int, _ y: Int) -> Bool {
    (0..<size.width).contains(x) && (0..<size.height).contains(y) && set[y * size.width + x]
  }

  private func corner(_ x: Int, _ y: Int) -> Int { y * (size.width + 1) + x }

  private mutating func leave(_ x: Int, _ y: Int, _ way: Int) { leaving[corner(x, y)] |= 1 << UInt8(way) }

  /// The outer ones, the largest first, simplified.
  mutating func loops() -> [[Point]] {
    var found: [(area: Int, points: [Point])] = []
    for y in 0...size.height {
      for x in 0...size.width {
        while let way = (0..<4).first(where: { leaving[corner(x, y)] >> UInt8($0) & 1 == 1 }) {
          let points = follow(from: Point(x: x, y: y), way)
          let area = Self.twiceArea(points)
          // Holes go round the other way.
          if area > 0 { found.append((area, Self.simplified(points))) }
        }
      }
    }
    return found.filter { $0.points.count >= 3 }.sorted { $0.area > $1.area }.map(\.points)
  }

  private mutating func follow(from start: Point, _ first: Int) -> [Point] {
    var (place, way) = (start, first)
    var points: [Point] = []
    repeat {
      if points.isEmpty || leavingWay != way { points.append(place) }
      leavingWay = way
      leaving[corner(place.x, place.y)] &= ~(1 << UInt8(way))
      place = Point(x: place.x + Self.ways[way].0, y: place.y + Self.ways[way].1)
      let open = leaving[corner(place.x, place.y)]
      // Right before straight before left: parts that touch at a corner stay two.
      guard let next = [1, 0, 3].map({ (way + $0) % 4 }).first(where: { open >> UInt8($0) & 1 == 1 }) else { break }
      way = next
    } while place != start
    leavingWay = nil
    return points
  }

  private var leavingWay: Int?

  private static func twiceArea(_ points: [Point]) -> Int {
    zip(points, points[1...] + points[..<1]).reduce(0) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y }
  }

  /// Douglas and Peucker's, to three quarters of a pixel, from two corners far apart.
  private static func simplified(_ points: [Point]) -> [Point] {
    guard points.count > 4 else { return points }
    let far =
      points.indices.max { distance(points[$0], points[0]) < distance(points[$1], points[0]) } ?? points.count / 2
    return half(Array(points[...far])).dropLast() + half(Array(points[far...] + points[..<1])).dropLast()
  }

  private static func distance(_ a: Point, _ b: Point) -> Int {
    (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)
  }

  private static func half(_ points: [Point]) -> [Point] {
    guard points.count > 2, let first = points.first, let last = points.last else { return points }
    let (dx, dy) = (last.x - first.x, last.y - first.y)
    func deviation(_ point: Point) -> Int { abs(dx * (point.y - first.y) - dy * (point.x - first.x)) }
    guard let worst = points.indices.dropFirst().dropLast().max(by: { deviation(points[$0]) < deviation(points[$1]) })
    else { return points }
    let off = deviation(points[worst])
    // off / length > 3/4, squared.
    guard 16 * off * off > 9 * (dx * dx + dy * dy) else { return [first, last] }
    return half(Array(points[...worst])).dropLast() + half(Array(points[worst...]))
  }
}
