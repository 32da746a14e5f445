/// What is known of the camera's pitch while it drives.
public enum Pitch: String, Hashable, Sendable, CaseIterable {
  /// That of the calibration.
  case fixed
  /// Found on every map, from the road's own edges: for roads of one width.
  case road
}

/// How far the road's plane is tilted against the one that the camera was calibrated over: it nods, or the road rises.
///
/// With κ, the tilt over the camera's height, what seems z ahead is z / (1 − κ·z) ahead, and as much farther to the
/// side: to the first order in the tilt, which is all that counts where z is several times the height.
public struct RoadTilt: Hashable, Sendable {
  /// κ, one over millimetres.
  let perMillimetre: Double
  /// Downwards, against the calibration.
  public let degrees: Double

  static let none = RoadTilt(perMillimetre: 0, degrees: 0)
  /// Nothing is measured beyond.
  static let farthest: Int32 = 60_000

  init(perMillimetre: Double, degrees: Double) {
    (self.perMillimetre, self.degrees) = (perMillimetre, degrees)
  }

  /// - Parameters:
  ///   - length: that seems so long, millimetres.
  ///   - distance: that it seems to lie ahead.
  func corrected(_ length: Int32, at distance: Int32) -> Int32 {
    guard perMillimetre != 0 else { return length }
    // What seems at the horizon, or beyond it, is as far as anything.
    let part = max(1 - perMillimetre * Double(distance), 0.125)
    return Int32(min(max((Double(length) / part).rounded(), -4e5), 4e5))
  }

  /// - Parameter cosine: of its direction, in 2^-16.
  func corrected(_ way: RoadFigures.Way, cosine: Int) -> RoadFigures.Way {
    guard perMillimetre != 0 else { return way }
    func length(_ seeming: Int32) -> Int32 {
      min(corrected(seeming, at: Int32((Int(seeming) * cosine) >> 16)), Self.farthest)
    }
    var way = way
    (way.free, way.start) = (length(way.free), length(way.start))
    return way
  }

  /// Where a place on the road seems to be, millimetres: the other way round.
  func apparent(_ place: (x: Int, z: Int)) -> (x: Int, z: Int) {
    guard perMillimetre != 0 else { return place }
    let part = max(1 + perMillimetre * Double(place.z), 0.125)
    return (Int((Double(place.x) / part).rounded()), Int((Double(place.z) / part).rounded()))
  }
}
