import RoadBase
import RoadTelemetry

/// What was measured on one frame, in whole millimetres. Made once for a measure; one thread owns it at a time.
public final class RoadFigures: @unchecked Sendable {
  /// How a way ahead ends.
  public enum End: UInt8, Sendable {
    /// At something that is no road.
    case blocked
    /// Where nothing more can be measured: all of it is road.
    case open
    /// The direction shows no road that could be measured, or the car's own parts only.
    case unseen
  }

  /// One direction.
  public struct Way: Hashable, Sendable {
    /// Millimetres along it.
    public var free: Int32 = 0
    public var end = End.unseen
    /// Pixels where it begins and where it ends, row by row.
    public var first: Int32 = 0
    public var last: Int32 = 0
    /// Where it begins, millimetres along it.
    public var start: Int32 = 0
  }

  /// Tenths of a degree, positive to the right, rising; the middle one is straight ahead.
  public let angles: [Int]
  /// Sine and cosine of the angles in 2^-16.
  let directions: [(sine: Int, cosine: Int)]
  public let size: PictureSize
  /// Straight ahead over a strip 2 metres wide: the least way in it.
  public internal(set) var ahead = Way()
  /// One for each angle.
  public let ways: UnsafeMutableBufferPointer<Way>
  /// Millimetres; nil where not both edges of the road are seen.
  public internal(set) var width: Int32?
  /// Of the camera from the middle of the road, positive to the right, millimetres.
  public internal(set) var offset: Int32?
  /// How the camera nods, by which all is corrected; nil where that was not asked for, or is not known.
  public internal(set) var tilt: RoadTilt?

  init(angles: [Int], size: PictureSize) {
    self.angles = angles
    self.size = size
    directions = angles.map {
      let (sine, cosine) = Trigonometry.sineCosine(degrees: Double($0) / 10)
      return (Int((sine * 65536).rounded()), Int((cosine * 65536).rounded()))
    }
    ways = .allocate(capacity: angles.count)
    ways.initialize(repeating: Way())
  }

  /// One of the same kind, for somebody who keeps frames.
  public convenience init(like other: RoadFigures) { self.init(angles: other.angles, size: other.size) }

  deinit { ways.deallocate() }

  public func copy(from other: RoadFigures) {
    precondition(ways.count == other.ways.count, "figures of \(other.ways.count) directions into \(ways.count)")
    _ = ways.update(fromContentsOf: other.ways)
    (ahead, width, offset, tilt) = (other.ahead, other.width, other.offset, other.tilt)
  }

  /// The place on the road `distance` along a way: to the right and ahead, millimetres.
  public func place(_ way: Int, at distance: Int32) -> (x: Int, z: Int) {
    let direction = directions[way]
    return ((Int(distance) * direction.sine) >> 16, (Int(distance) * direction.cosine) >> 16)
  }
}

extension RoadFigures {
  /// For JSON: allocates.
  public var json: MetresJSON {
    func metres(_ millimetres: Int) -> Double { Double(millimetres) / 1000 }
    func pixel(_ index: Int32) -> [Int] { [Int(index) % size.width, Int(index) / size.width] }
    let seen = ways.indices.filter { ways[$0].end != .unseen }
    func place(_ way: Int, _ distance: Int32) -> [Double] {
      let place = self.place(way, at: distance)
      return [metres(place.x), metres(place.z)]
    }
    // Along the far ends from left to right, and back along the near ones.
    let pixels = seen.map { pixel(ways[$0].last) } + seen.reversed().map { pixel(ways[$0].first) }
    let places = seen.map { place($0, ways[$0].free) } + seen.reversed().map { place($0, ways[$0].start) }
    return MetresJSON(
      ahead: ahead.end == .unseen ? nil : metres(Int(ahead.free)), width: width.map { metres(Int($0)) },
      offset: offset.map { metres(Int($0)) }, nod: tilt.map { ($0.degrees * 1000).rounded() / 1000 },
      directions: ways.indices.map { index in
        let way = ways[index]
        return MetresJSON.Direction(
          degrees: Double(angles[index]) / 10, free: way.end == .unseen ? nil : metres(Int(way.free)),
          end: "\(way.end)")
      },
      freeSpace: MetresJSON.FreeSpace(pixels: pixels, metres: places))
  }
}
