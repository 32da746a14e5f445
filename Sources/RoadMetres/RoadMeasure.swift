import RoadBase
import RoadMask

/// From a class map to metres on a flat road: how far it is free in some directions, how wide it is, and where in it
/// the camera is.
///
/// The definition, all in whole numbers once the tables are made:
///
/// - *Free*: along each direction from where it comes into the picture (or from ``CameraCalibration/nearest`` on), over
///   pixels without a class at its beginning, over road and over the car's own parts, up to the edge of the first pixel
///   that is none of them. A single edge is known to half a pixel; so it is the mean, of one over the distance, with
///   those of neighbouring ways, as many on either side, as long as they go on from one to the next (``WayFan``).
/// - *Ahead*: the least of such ways straight ahead, side by side over a strip 2 metres wide: a way of its own may lie
///   between the wheels of a vehicle and under it.
/// - *Lines* lie across the road from 3 to 30 metres ahead, each in the middle of a row of pixels. Of a line counts the
///   stretch of road around the place where the line before had its middle, the first around straight ahead. An end of
///   it is an edge of the road, unless the picture ends there, or something stands there that may stand on a road
///   (vehicles, people), a pixel without a class or a part of the car. Where one of these hides up to 3.5 metres of the
///   line and there is road on its other side, the stretch goes on there.
/// - *Width*: the median over the lines with both edges.
/// - *Offset*: by least squares, weighted by one over the square of the distance, a parabola goes through the middles
///   of the lines up to 20 metres; where one edge is seen alone, the middle is half the width away from it. Minus its
///   value at the camera is the offset.
/// - *Nod*, with ``Pitch/road``: how far the camera looks down more than it was calibrated to, found from the
///   edges of the lines (``PitchFit``). Where it is known, all that is measured is corrected by it.
///
/// Made once; `measure` allocates nothing. One thread uses it at a time.
public final class RoadMeasure: @unchecked Sendable {
  public let calibration: CameraCalibration
  /// Tenths of a degree, positive to the right.
  public let angles: [Int]

  private let pitch: Pitch
  private let rays: PathTable
  private let fan: WayFan
  private let strip: PathTable
  private let lines: PathTable
  private let distances: [Int32]
  private let road: UInt8
  /// By class: what the classes' names tell may stand on a road.
  private let standsOnRoad: UnsafeMutablePointer<Bool>
  /// Edges by line, millimetres.
  private let found: UnsafeMutablePointer<Edges>
  private let widths: UnsafeMutablePointer<Int32>
  private let seeming: UnsafeMutablePointer<PitchFit.Edge>

  struct Edges {
    var left: Int32?
    var right: Int32?
  }

  /// Directions where nobody says how many.
  public static let usualDirections = 15
  public static let directionRange = 1...91
  /// Road that begins farther from where it is looked for, in millimetres, is another one.
  private static let reach: Int32 = 2500
  /// Millimetres of a line that a vehicle may hide in the middle of the road.
  private static let widestGap: Int32 = 3500

  /// - Parameters:
  ///   - calibration: of pictures of the maps' size.
  ///   - directions: odd, so that one is straight ahead.
  ///   - pitch: whether the camera's is that of the calibration, or is found anew on each map.
  ///   - ownParts: the car's own, which hide the road; of the calibration's size.
  public init(
    _ calibration: CameraCalibration, classes: ClassTable, directions: Int = RoadMeasure.usualDirections,
    pitch: Pitch = .fixed, ownParts: OwnPartsMask? = nil
  ) {
    precondition(Self.directionRange.contains(directions) && directions % 2 == 1, "\(directions) directions")
    self.calibration = calibration
    self.pitch = pitch
    let rays = GroundRays(calibration, count: directions)
    let lines = GroundLines(calibration)
    angles = rays.angles
    precondition(ownParts.map { $0.size == calibration.size } ?? true, "own parts of another size")
    var isHidden = [Bool](repeating: false, count: ownParts == nil ? 0 : calibration.size.pixels)
    for run in ownParts?.runs ?? [] { for pixel in run { isHidden[pixel] = true } }
    self.rays = PathTable(rays.paths, hidden: isHidden)
    fan = WayFan(calibration, angles: rays.angles, hidden: isHidden)
    strip = PathTable(GroundRays.strip(calibration), hidden: isHidden)
    self.lines = PathTable(lines.paths, hidden: isHidden)
    distances = lines.distances
    road = classes.drivable
    standsOnRoad = .allocate(capacity: 256)
    standsOnRoad.initialize(repeating: false, count: 256)
    for (index, entry) in classes.classes.enumerated() { standsOnRoad[index] = Self.standsOnRoad(entry.name) }
    standsOnRoad[Int(ClassMap.void)] = true
    found = .allocate(capacity: max(1, distances.count))
    found.initialize(repeating: Edges(), count: max(1, distances.count))
    widths = .allocate(capacity: max(1, distances.count))
    widths.initialize(repeating: 0, count: max(1, distances.count))
    seeming = .allocate(capacity: 2 * distances.count + 1)
    seeming.initialize(repeating: PitchFit.Edge(ahead: 0, across: 0, side: 0), count: 2 * distances.count + 1)
  }

  deinit {
    standsOnRoad.deallocate()
    found.deallocate()
    widths.deallocate()
    seeming.deallocate()
  }

  private static let things = [
    "vehicle", "car", "truck", "bus", "train", "motorcycle", "bicycle", "bicyclist", "cyclist", "rider", "person",
    "pedestrian", "living", "animal", "caravan", "trailer", "autorickshaw",
  ]

  /// "vehicles", "living-things", "Bicyclist"
  package static func standsOnRoad(_ name: String) -> Bool {
    name.lowercased().split { !$0.isLetter }.contains { word in
      things.contains { word == $0 || word == "\($0)s" }
    }
  }

  /// Room for what is measured.
  public func figures() -> RoadFigures { RoadFigures(angles: angles, size: calibration.size) }

  public func measure(_ map: ClassMap, into figures: RoadFigures) {
    precondition(map.size == calibration.size, "a map of \(map.size) for a calibration of \(calibration.size)")
    guard let classes = UnsafePointer(map.bytes.baseAddress) else { return }
    findEdges(classes)
    figures.tilt = pitch == .fixed ? nil : tilt()
    let tilt = figures.tilt ?? .none
    for way in 0..<rays.count {
      var free = follow(rays[way], classes)
      if free.end == .blocked, free.free > 0 { free.free = fan.mean(of: free.free, way, classes, road: road) }
      figures.ways[way] = tilt.corrected(free, cosine: figures.directions[way].cosine)
    }
    figures.ahead = tilt.corrected(ahead(classes), cosine: 1 << 16)
    figures.width = width(tilt)
    figures.offset = figures.width.flatMap { offset(width: $0, tilt) }
  }
}

extension RoadMeasure {
  /// A part of the car has none.
  @inline(__always)
  private static func `class`(_ pixel: Int32, _ classes: UnsafePointer<UInt8>) -> UInt8 {
    pixel < 0 ? ClassMap.void : classes[Int(pixel)]
  }
}

// MARK: - Ways ahead

extension RoadMeasure {
  /// The least of the strip; ways that show nothing do not count.
  private func ahead(_ classes: UnsafePointer<UInt8>) -> RoadFigures.Way {
    var least = RoadFigures.Way()
    for index in 0..<strip.count {
      let way = follow(strip[index], classes)
      guard way.end != .unseen else { continue }
      if least.end == .unseen || way.free < least.free { least = way }
    }
    return least
  }

  private func follow(_ path: PathTable.Path, _ classes: UnsafePointer<UInt8>) -> RoadFigures.Way {
    let (pixels, edges, count) = path
    var result = RoadFigures.Way()
    var place = 0
    while place < count && Self.class(pixels[place], classes) == ClassMap.void { place += 1 }
    guard place < count else { return result }
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

// MARK: - Lines across

extension RoadMeasure {
  private func findEdges(_ classes: UnsafePointer<UInt8>) {
    var middle: Int32 = 0
    var half: Int32?
    for line in 0..<lines.count {
      found[line] = edges(line, around: middle, classes)
      switch (found[line].left, found[line].right) {
      case (let left?, let right?):
        middle = (left + right) / 2
        half = (right - left) / 2
      case (let left?, nil): if let half { middle = left + half }
      case (nil, let right?): if let half { middle = right - half }
      case (nil, nil): break
      }
    }
  }

  private func edges(_ line: Int, around middle: Int32, _ classes: UnsafePointer<UInt8>) -> Edges {
    let (pixels, edges, count) = lines[line]
    guard let start = roadPixel(line, near: middle, classes) else { return Edges() }
    var (left, right) = (start, start)
    repeat {
      while left > 0 && Self.class(pixels[left - 1], classes) == road { left -= 1 }
    } while skip(line, &left, by: -1, classes)
    repeat {
      while right + 1 < count && Self.class(pixels[right + 1], classes) == road { right += 1 }
    } while skip(line, &right, by: 1, classes)
    var result = Edges()
    if left > 0, !standsOnRoad[Int(Self.class(pixels[left - 1], classes))] { result.left = edges[left] }
    if right + 1 < count, !standsOnRoad[Int(Self.class(pixels[right + 1], classes))] {
      result.right = edges[right + 1]
    }
    return result
  }

  /// From a stretch of road over what stands on it, in a gap as wide as a vehicle at most, to the road on its other
  /// side.
  ///
  /// - Returns: false, with nothing changed, where there is none.
  private func skip(_ line: Int, _ place: inout Int, by step: Int, _ classes: UnsafePointer<UInt8>) -> Bool {
    let (pixels, edges, count) = lines[line]
    var next = place + step
    while next >= 0, next < count, standsOnRoad[Int(Self.class(pixels[next], classes))] { next += step }
    guard next != place + step, next >= 0, next < count, Self.class(pixels[next], classes) == road,
      abs(edges[next] - edges[place]) <= Self.widestGap
    else { return false }
    place = next
    return true
  }

  /// The pixel of road of a line that is nearest to a place on it; nil where there is none near.
  private func roadPixel(_ line: Int, near place: Int32, _ classes: UnsafePointer<UInt8>) -> Int? {
    let (pixels, edges, count) = lines[line]
    var (low, high) = (0, count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if edges[middle] <= place { low = middle } else { high = middle - 1 }
    }
    if Self.class(pixels[low], classes) == road { return low }
    var (left, right) = (low - 1, low + 1)
    while true {
      let leftGap = left >= 0 ? place - edges[left + 1] : .max
      let rightGap = right < count ? edges[right] - place : .max
      guard min(leftGap, rightGap) <= Self.reach else { return nil }
      if leftGap <= rightGap {
        if Self.class(pixels[left], classes) == road { return left }
        left -= 1
      } else {
        if Self.class(pixels[right], classes) == road { return right }
        right += 1
      }
    }
  }

  /// The median over lines with both edges; the lower one of two.
  private func width(_ tilt: RoadTilt) -> Int32? {
    var count = 0
    for line in 0..<lines.count {
      guard let left = found[line].left, let right = found[line].right else { continue }
      let width = tilt.corrected(right - left, at: distances[line])
      var place = count
      while place > 0 && widths[place - 1] > width {
        widths[place] = widths[place - 1]
        place -= 1
      }
      widths[place] = width
      count += 1
    }
    return count > 0 ? widths[(count - 1) / 2] : nil
  }

  /// Millimetres; nil where too few lines tell.
  private func offset(width: Int32, _ tilt: RoadTilt) -> Int32? {
    var fit = ParabolaFit()
    for line in 0..<lines.count where distances[line] <= ParabolaFit.farthest {
      func corrected(_ edge: Int32) -> Int32 { tilt.corrected(edge, at: distances[line]) }
      let middle: Int32
      switch (found[line].left, found[line].right) {
      case (let left?, let right?): middle = corrected((left + right) / 2)
      case (let left?, nil): middle = corrected(left) + width / 2
      case (nil, let right?): middle = corrected(right) - width / 2
      case (nil, nil): continue
      }
      fit.add(middle, at: tilt.corrected(distances[line], at: distances[line]))
    }
    return fit.start.map { -$0 }
  }

  /// Nil where the lines do not tell.
  private func tilt() -> RoadTilt? {
    var count = 0
    func add(_ edge: Int32?, _ line: Int, side: Double) {
      guard let edge else { return }
      seeming[count] = PitchFit.Edge(
        ahead: Double(distances[line]) / 10_000, across: Double(edge) / 10_000, side: side)
      count += 1
    }
    for line in 0..<lines.count {
      add(found[line].left, line, side: -1)
      add(found[line].right, line, side: 1)
    }
    return PitchFit(UnsafeBufferPointer(start: seeming, count: count), height: calibration.mount.height).tilt
  }
}
