import RoadBase

/// The pixels that a line on the road crosses in the picture, and where it crosses from one to the next.
struct GroundPath {
  /// Indices of pixels, row by row, in the order of the path.
  var pixels: [Int32] = []
  /// Millimetres along the path where it comes into each pixel, and where it leaves the last one.
  var edges: [Int32] = []

  /// Follows a path as long as it stays in the picture, from where it first comes into it.
  ///
  /// - Parameters:
  ///   - steps: fine enough that no pixel on the way is passed over.
  ///   - index: the pixel at a place 0...1 of the path; nil outside of the picture.
  ///   - millimetres: of a place.
  init(steps: Int, index: (Double) -> Int?, millimetres: (Double) -> Double) {
    var last: Int?
    for step in 0...steps {
      let place = Double(step) / Double(steps)
      let here = index(place)
      guard here != last else { continue }
      let before = max(0, Double(step - 1) / Double(steps))
      let edge = step == 0 ? 0 : Self.crossing(from: before, to: place, leaving: last, index)
      edges.append(Int32(millimetres(edge).rounded()))
      guard let here else { return }
      pixels.append(Int32(here))
      last = here
    }
    if last != nil { edges.append(Int32(millimetres(1).rounded())) }
  }

  /// Where the pixel `leaving` ends.
  private static func crossing(from: Double, to: Double, leaving: Int?, _ index: (Double) -> Int?) -> Double {
    var (low, high) = (from, to)
    for _ in 0..<24 {
      let middle = (low + high) / 2
      if index(middle) == leaving { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  private init() {}

  /// One path of two that begin at the same place and go apart: from the end of the one to the end of the other.
  static func joined(backwards left: GroundPath, forwards right: GroundPath) -> GroundPath {
    var path = GroundPath()
    guard !left.pixels.isEmpty, !right.pixels.isEmpty else { return path }
    // Both begin with the pixel in the middle.
    path.pixels = left.pixels.reversed() + right.pixels.dropFirst()
    path.edges = left.edges.dropFirst().reversed() + right.edges.dropFirst()
    return path
  }
}

/// Straight ways over the road, ahead and to both sides of the camera.
struct GroundRays {
  /// Tenths of a degree from straight ahead; positive is to the right.
  let angles: [Int]
  let paths: [GroundPath]

  /// The farthest that anything is measured, metres.
  private static let farthest = 60.0
  /// Beyond the distance where a pixel is longer than this share of it, nothing is measured.
  private static let coarsest = 0.08
  /// Ways start so far from the camera; no lens shows less.
  private static let start = 0.2
  /// Directions may lie so far to the sides that they come into the picture here, metres ahead.
  private static let entry = 8.0

  init(_ calibration: CameraCalibration, count: Int) {
    precondition(count > 0 && count % 2 == 1, "\(count) directions: none is straight ahead")
    let projection = GroundProjection(calibration)
    let limit = Self.limit(projection)
    let half = Self.halfAngle(projection, farthest: limit)
    let angles = (0..<count).map { count == 1 ? 0 : half * (2 * $0 - count + 1) / (count - 1) }
    self.angles = angles
    paths = Self.ways(calibration, degrees: angles.map { Double($0) / 10 }, limit: limit, fineness: 8)
  }

  /// - Parameter fineness: steps of a way for each row and column of the picture.
  static func ways(
    _ calibration: CameraCalibration, degrees: [Double], limit: Double, fineness: Int
  ) -> [GroundPath] {
    let projection = GroundProjection(calibration)
    let from = max(start, calibration.nearest ?? 0)
    return degrees.map {
      let (sine, cosine) = Trigonometry.sineCosine(degrees: $0)
      return path(calibration, from: from, to: limit, fineness: fineness) {
        projection.index(x: sine * $0, z: cosine * $0)
      }
    }
  }

  /// Millimetres to each side that the strip ahead reaches, and from one of its ways to the next.
  private static let stripReach = 1000
  private static let stripStep = 100

  /// Ways straight ahead, side by side over a strip as wide as a vehicle needs.
  static func strip(_ calibration: CameraCalibration) -> [GroundPath] {
    let projection = GroundProjection(calibration)
    let limit = Self.limit(projection)
    return stride(from: -stripReach, through: stripReach, by: stripStep).map { millimetres in
      let x = Double(millimetres) / 1000
      return path(calibration, from: max(start, calibration.nearest ?? 0), to: limit, fineness: 8) {
        projection.index(x: x, z: $0)
      }
    }
  }

  /// - Parameter index: the pixel at a distance in metres.
  private static func path(
    _ calibration: CameraCalibration, from: Double, to: Double, fineness: Int, index: (Double) -> Int?
  ) -> GroundPath {
    // Rows of the picture go by one over the distance.
    func distance(_ place: Double) -> Double { 1 / (1 / from + (1 / to - 1 / from) * place) }
    return GroundPath(
      steps: fineness * (calibration.size.width + calibration.size.height), index: { index(distance($0)) },
      millimetres: { 1000 * distance($0) })
  }

  /// Metres up to which the picture tells distances apart well enough.
  static func limit(_ projection: GroundProjection) -> Double {
    var limit = 1.0
    while limit < farthest {
      let next = limit * (1 + coarsest)
      if let near = projection.pixel(x: 0, z: limit), let far = projection.pixel(x: 0, z: next) {
        let (u, v) = (far.u - near.u, far.v - near.v)
        if u * u + v * v < 1 { break }
      }
      limit += 0.25
    }
    return limit
  }

  /// Tenths of a degree, in whole degrees: how far to each side there is something to see.
  private static func halfAngle(_ projection: GroundProjection, farthest: Double) -> Int {
    var half = 0
    for degrees in 1...60 {
      let (sine, cosine) = Trigonometry.sineCosine(degrees: Double(degrees))
      let isSeen = [-1.0, 1].allSatisfy { side in
        [0.5, 0.75, 1].contains { part in
          let distance = min(entry, farthest) * part
          return projection.index(x: side * sine * distance, z: cosine * distance) != nil
        }
      }
      guard isSeen else { break }
      half = degrees
    }
    return 10 * half
  }

  /// Whether a camera sees the road in front of it, somewhere between 2 and 20 metres.
  static func seesRoad(_ calibration: CameraCalibration) -> Bool {
    let projection = GroundProjection(calibration)
    return stride(from: 2.0, through: 20, by: 0.5).contains { projection.index(x: 0, z: $0) != nil }
  }
}

/// Lines across the road at some distances, from left to right.
struct GroundLines {
  /// Millimetres ahead of the camera, rising.
  let distances: [Int32]
  let paths: [GroundPath]

  /// Metres ahead that lines are wanted at: nearer ones tell where the camera is.
  static let wanted = Array(stride(from: 3.0, to: 10, by: 0.5)) + Array(stride(from: 10.0, through: 30, by: 1))
  /// Metres to each side that they reach at most.
  private static let reach = 15.0

  init(_ calibration: CameraCalibration) {
    let projection = GroundProjection(calibration)
    let limit = GroundRays.limit(projection)
    let steps = 4 * (calibration.size.width + calibration.size.height)
    var distances: [Int32] = []
    var paths: [GroundPath] = []
    for metres in Self.wanted where metres <= limit && metres >= calibration.nearest ?? 0 {
      guard let z = Self.onRow(projection, near: metres) else { continue }
      let millimetres = Int32((1000 * z).rounded())
      guard millimetres > distances.last ?? 0 else { continue }
      func half(_ side: Double) -> GroundPath {
        GroundPath(
          steps: steps, index: { projection.index(x: side * Self.reach * $0, z: z) },
          millimetres: { 1000 * side * Self.reach * $0 })
      }
      let path = GroundPath.joined(backwards: half(-1), forwards: half(1))
      guard path.pixels.count > 1 else { continue }
      distances.append(millimetres)
      paths.append(path)
    }
    self.distances = distances
    self.paths = paths
  }

  /// The distance near the wanted one that a row of pixels shows in its middle; nil where the picture shows neither.
  private static func onRow(_ projection: GroundProjection, near metres: Double) -> Double? {
    guard projection.index(x: 0, z: metres) != nil, let place = projection.pixel(x: 0, z: metres) else { return nil }
    let row = place.v.rounded()
    var (low, high) = (metres * 0.75, metres * 1.33)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      // Farther is higher in the picture.
      if let v = projection.pixel(x: 0, z: middle)?.v, v < row { high = middle } else { low = middle }
    }
    let z = (low + high) / 2
    return projection.index(x: 0, z: z) == nil ? metres : z
  }
}
