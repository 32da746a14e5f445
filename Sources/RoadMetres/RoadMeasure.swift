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
/// - *A bonnet that nobody has told of*: where no way straight ahead begins with road, nor do two thirds of the
///   directions, and road is seen over what lies there, within 8 metres on three of four ways straight ahead, then it
///   is the car's own bonnet, as long as its parts are not known. Ways begin behind it, and lines that it may cut do
///   not count. Road is what goes on for half a metre: bonnets have ragged edges. Behind known parts, whose outlines
///   are not exact, a way begins with road that is seen within 0.4 metres.
/// - *Ahead*: the least of such ways straight ahead, side by side over a strip 2 metres wide: a way of its own may lie
///   between the wheels of a vehicle and under it.
/// - *Lines* lie across the road from 3 to 30 metres ahead, each in the middle of a row of pixels. Of a line counts the
///   stretch of road around the place where the line before had its middle, the first around straight ahead. An end of
///   it is an edge of the road, unless the picture ends there, or something stands there that may stand on a road
///   (vehicles, people), a pixel without a class or a part of the car. Where one of these hides up to 3.5 metres of the
///   line and there is road on its other side, the stretch goes on there.
/// - *Width*: the median over the lines with both edges whose width is within a twentieth of that of the line before or
///   behind; told where half of all lines with both edges, three or more, are within a tenth of it. What is cut out of
///   a mask, as a shadow, has edges that go their own ways.
/// - *Offset*: by least squares, weighted by one over the square of the distance, a parabola goes through the middles
///   of the lines up to 20 metres that are as wide within a tenth; where one edge is seen alone, the middle is half the
///   width away from it. Minus its value at the camera is the offset.
/// - *Nod*, with ``Pitch/road``: how far the camera looks down more than it was calibrated to, found from the
///   edges of the lines (``PitchFit``). Where it is known, all that is measured is corrected by it.
///
/// Made once; `measure` allocates nothing. One thread uses it at a time.
public final class RoadMeasure: @unchecked Sendable {
  public let calibration: CameraCalibration
  /// Tenths of a degree, positive to the right.
  public let angles: [Int]

  let pitch: Pitch
  let rays: PathTable
  let fan: WayFan
  let strip: PathTable
  let lines: PathTable
  let distances: [Int32]
  let road: UInt8
  /// By class: what the classes' names tell may stand on a road.
  let standsOnRoad: UnsafeMutablePointer<Bool>
  /// Edges by line, millimetres.
  let found: UnsafeMutablePointer<Edges>
  let widths: UnsafeMutablePointer<Int32>
  let seeming: UnsafeMutablePointer<PitchFit.Edge>

  struct Edges {
    var left: Int32?
    var right: Int32?
  }

  /// Directions where nobody says how many.
  public static let usualDirections = 15
  public static let directionRange = 1...91

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
    let bonnet = bonnetEnd(classes)
    findEdges(from: bonnet ?? 0, classes)
    figures.tilt = pitch == .fixed ? nil : tilt()
    let tilt = figures.tilt ?? .none
    let reach = bonnet == nil ? nil : Self.longestBonnet
    for way in 0..<rays.count {
      var free = follow(rays[way], past: reach, classes)
      if free.end == .blocked, free.free > 0 { free.free = fan.mean(of: free.free, way, classes, road: road) }
      figures.ways[way] = tilt.corrected(free, cosine: figures.directions[way].cosine)
    }
    figures.ahead = tilt.corrected(ahead(past: reach, classes), cosine: 1 << 16)
    figures.width = width(tilt)
    figures.offset = figures.width.flatMap { offset(width: $0, tilt) }
  }
}

extension RoadMeasure {
  /// A part of the car has none.
  @inline(__always)
  static func `class`(_ pixel: Int32, _ classes: UnsafePointer<UInt8>) -> UInt8 {
    pixel < 0 ? ClassMap.void : classes[Int(pixel)]
  }
}
