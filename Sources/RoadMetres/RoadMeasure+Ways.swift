import RoadMask

/// How far it is free along ways ahead; the definition is that of ``RoadMeasure``.
extension RoadMeasure {
  /// Millimetres of road that a bonnet hides at most.
  static let longestBonnet: Int32 = 8000
  /// Millimetres of road within which the outline of a part of the car may be wrong.
  private static let outlineFault: Int32 = 400
  /// Millimetres that road goes on for at least where a way begins.
  private static let shortestRoad: Int32 = 500

  /// The least of the strip; ways that show nothing do not count.
  func ahead(past reach: Int32?, _ classes: UnsafePointer<UInt8>) -> RoadFigures.Way {
    var least = RoadFigures.Way()
    for index in 0..<strip.count {
      let way = follow(strip[index], past: reach, classes)
      guard way.end != .unseen else { continue }
      if least.end == .unseen || way.free < least.free { least = way }
    }
    return least
  }

  /// Millimetres ahead up to which a bonnet that nobody has told of hides the road; nil where there is none.
  func bonnetEnd(_ classes: UnsafePointer<UInt8>) -> Int32? {
    var (seen, behind) = (0, 0)
    var end: Int32 = 0
    for index in 0..<strip.count {
      let path = strip[index]
      guard let start = beginning(path, classes) else { continue }
      if goesOn(path, from: start, classes) { return nil }
      seen += 1
      guard let road = firstRoad(path, from: start, within: Self.longestBonnet, classes) else { continue }
      behind += 1
      end = max(end, path.edges[road])
    }
    guard seen > 0, 4 * behind >= 3 * seen else { return nil }
    var beginWithRoad = 0
    for way in 0..<rays.count {
      if let start = beginning(rays[way], classes), goesOn(rays[way], from: start, classes) { beginWithRoad += 1 }
    }
    return 3 * beginWithRoad <= rays.count ? end : nil
  }

  /// The first place of a way that shows something of the world. Specks of road before the edge of what has no class
  /// are none: the edge is a staircase.
  private func beginning(_ path: PathTable.Path, _ classes: UnsafePointer<UInt8>) -> Int? {
    var place = 0
    while place < path.count {
      while place < path.count && Self.class(path.pixels[place], classes) == ClassMap.void { place += 1 }
      var end = place
      while end < path.count && path.edges[end] < path.edges[place] + Self.shortestRoad
        && Self.class(path.pixels[end], classes) == road
      { end += 1 }
      guard end < path.count, end > place, Self.class(path.pixels[end], classes) == ClassMap.void else { break }
      place = end
    }
    return place < path.count ? place : nil
  }

  private func firstRoad(
    _ path: PathTable.Path, from start: Int, within reach: Int32, _ classes: UnsafePointer<UInt8>
  ) -> Int? {
    var place = start
    while place < path.count && path.edges[place] <= reach {
      if goesOn(path, from: place, classes) { return place }
      place += 1
    }
    return nil
  }

  /// Whether there is road at a place and half a metre on.
  private func goesOn(_ path: PathTable.Path, from start: Int, _ classes: UnsafePointer<UInt8>) -> Bool {
    var place = start
    while place < path.count && Self.class(path.pixels[place], classes) == road {
      place += 1
      if path.edges[place] >= path.edges[start] + Self.shortestRoad { return true }
    }
    return false
  }

  /// - Parameter reach: millimetres within which the way begins with its first road, whatever lies before; nil where it
  ///   begins with what is seen first.
  func follow(
    _ path: PathTable.Path, past reach: Int32?, _ classes: UnsafePointer<UInt8>
  ) -> RoadFigures.Way {
    let (pixels, edges, count) = path
    var result = RoadFigures.Way()
    guard var place = beginning(path, classes) else { return result }
    if let reach = reach ?? (place > 0 && pixels[place - 1] < 0 ? edges[place] + Self.outlineFault : nil) {
      place = firstRoad(path, from: place, within: reach, classes) ?? place
    }
    result.first = pixels[place]
    result.start = edges[place]
    result.last = pixels[place]
    let start = place
    while place < count && (pixels[place] < 0 || classes[Int(pixels[place])] == road) { place += 1 }
    result.end = place == count ? .open : .blocked
    // Where not even the beginning is road, nothing is free.
    result.free = place > start ? edges[place] : 0
    if place == start { result.start = 0 }
    for index in stride(from: place - 1, through: start, by: -1) where pixels[index] >= 0 {
      result.last = pixels[index]
      break
    }
    return result
  }
}
