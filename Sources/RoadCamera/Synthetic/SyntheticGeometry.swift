/// Where the road lies in the picture at one moment: what each picture row sees of the ground.
///
/// A pinhole camera 1.4 m above the right lane looks along the road. The ground is followed outwards in slices whose
/// lateral offset is the twice integrated curvature and whose height is the integrated slope; a slice that rises
/// above all nearer ones in the picture is visible, and the rows in between are interpolated.
final class SyntheticGeometry: @unchecked Sendable {
  private static let metre = SyntheticTrack.metre
  static let cameraHeight = metre * 7 / 5
  /// The middle of the own lane, from the middle of the road.
  static let lane = metre * 7 / 4
  static let nearest = metre * 3 / 2
  static let farthest = 420 * metre
  private static let sliceCapacity = 320

  struct Slice {
    /// Along the road from the camera.
    var distance = 0
    /// Middle of the road, from the camera's axis; positive is to the right.
    var offset = 0
    /// Picture row of the ground in 65536ths, and the highest row that any nearer ground reaches.
    var row = 0
    var crest = 0
  }

  /// One picture row.
  struct Row {
    /// 0 where the row does not see the ground.
    var distance = 0
    var offset = 0
    /// How much of the road's length the row covers.
    var depth = 0
  }

  let width: Int
  let height: Int
  /// Pixels a metre at one metre's distance.
  let focal: Int
  let slices: UnsafeMutablePointer<Slice>
  private(set) var sliceCount = 0
  let rows: UnsafeMutablePointer<Row>
  /// First row that sees the ground.
  private(set) var topRow = 0
  /// Row of the true horizon of the camera, in 65536ths.
  private(set) var horizon = 0
  private(set) var cameraDistance = 0
  private(set) var cameraLateral = 0

  /// Pixels a metre at one metre's distance.
  static func focal(width: Int) -> Int { max(1, width * 9 / 10) }
  /// The row that the camera's axis meets while it does not nod.
  static func horizonRow(height: Int) -> Int { height * 43 / 100 }

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    focal = Self.focal(width: width)
    slices = .allocate(capacity: Self.sliceCapacity)
    slices.initialize(repeating: Slice(), count: Self.sliceCapacity)
    rows = .allocate(capacity: height)
    rows.initialize(repeating: Row(), count: height)
  }

  deinit {
    slices.deallocate()
    rows.deallocate()
  }

  /// - Parameters:
  ///   - weave: how far the car has strayed from the middle of its lane.
  ///   - pitch: how far the picture nods, in 65536ths of a pixel.
  func update(track: SyntheticTrack, distance: Int, weave: Int, pitch: Int) {
    cameraDistance = distance
    cameraLateral = Self.lane + weave
    horizon = (Self.horizonRow(height: height) << 16) + pitch
    measureSlices(track)
    fillRows()
  }

  private func measureSlices(_ track: SyntheticTrack) {
    let ownSlope = track.slope(at: cameraDistance)
    var place = Slice(distance: Self.nearest, offset: -cameraLateral)
    var (heading, rise, crest) = (0, 0, height << 16)
    sliceCount = 0
    while place.distance < Self.farthest && sliceCount < Self.sliceCapacity {
      let step = max(Self.metre / 4, place.distance / 36)
      place.row = horizon + (((Self.cameraHeight - rise) * focal) << 16) / place.distance
      place.crest = crest
      slices[sliceCount] = place
      sliceCount += 1
      crest = min(crest, place.row)
      heading += (track.curvature(at: cameraDistance + place.distance) * step) >> 16
      place.offset += (heading * step) >> 24
      rise += ((track.slope(at: cameraDistance + place.distance) - ownSlope) * step) >> 16
      place.distance += step
    }
  }

  private func fillRows() {
    for y in 0..<height { rows[y].distance = 0 }
    var free = height
    for index in 1..<sliceCount {
      let (near, far) = (slices[index - 1], slices[index])
      let top = max(0, (far.row + 0xFFFF) >> 16)
      guard far.row < near.row, top < free else { continue }
      for y in top..<min(free, height) {
        // One over the distance is linear in the row.
        let part = min(max(((near.row - (y << 16)) << 16) / (near.row - far.row), 0), 65536)
        let inverse = (1 << 40) / near.distance * (65536 - part) + (1 << 40) / far.distance * part
        let distance = (1 << 56) / max(inverse, 1)
        let along = ((distance - near.distance) << 16) / max(far.distance - near.distance, 1)
        rows[y].distance = distance
        rows[y].offset = near.offset + ((far.offset - near.offset) * along) >> 16
      }
      free = top
    }
    topRow = free
    for y in topRow..<height {
      let beyond = y > topRow ? rows[y - 1].distance : rows[y].distance * 17 / 16
      rows[y].depth = max(1, beyond - rows[y].distance)
    }
  }

  /// The ground at `distance`; nil beyond the last slice and behind the first.
  func ground(at distance: Int) -> Slice? {
    guard sliceCount > 1, distance >= slices[0].distance, distance < slices[sliceCount - 1].distance else { return nil }
    var (low, high) = (0, sliceCount - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if slices[middle].distance <= distance { low = middle } else { high = middle }
    }
    let (near, far) = (slices[low], slices[high])
    let part = ((distance - near.distance) << 16) / (far.distance - near.distance)
    return Slice(
      distance: distance, offset: near.offset + ((far.offset - near.offset) * part) >> 16,
      row: near.row + ((far.row - near.row) * part) >> 16, crest: near.crest)
  }
}
