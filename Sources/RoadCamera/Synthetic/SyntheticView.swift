import RoadBase
import RoadMetres

/// Where everything is in one frame of the synthetic road, in metres: what figures measured on it are held against.
public struct SyntheticView: Sendable {
  /// One place of the road's middle.
  public struct Place: Hashable, Sendable {
    /// Ahead of the camera.
    public var distance: Double
    /// Of the road's middle, to the right of the camera's axis.
    public var middle: Double
    /// Picture row of the ground.
    public var row: Double
  }

  /// A vehicle; it stands over the road from its foot upwards.
  public struct Vehicle: Hashable, Sendable {
    /// Of the ground that is seen where its foot is drawn: half a row above the ground that it drives on.
    public var distance: Double
    /// Of its middle, from the middle of the road, positive to the right.
    public var lateral: Double
  }

  /// The camera's, exact for this frame: its nodding moves the principal point.
  public let calibration: CameraCalibration
  /// Rising; the road is straight between neighbours.
  public let places: [Place]
  public let vehicles: [Vehicle]
  /// From the middle of the road to its edges.
  public static let halfWidth = 4.0

  /// Of the camera from the middle of the road, positive to the right.
  public let offset: Double

  /// The place at a distance; nil where it is nearer than the first or farther than the last.
  public func place(at distance: Double) -> Place? {
    guard let next = places.firstIndex(where: { $0.distance > distance }), next > 0 else { return nil }
    let (near, far) = (places[next - 1], places[next])
    let part = (distance - near.distance) / (far.distance - near.distance)
    // Rows go by one over the distance.
    let depth = (1 / distance - 1 / near.distance) / (1 / far.distance - 1 / near.distance)
    return Place(
      distance: distance, middle: near.middle + (far.middle - near.middle) * part,
      row: near.row + (far.row - near.row) * depth)
  }
}

extension SyntheticScene {
  /// The camera of the synthetic road: a pinhole 1.4 m over it, its axis level and along the road. The axis meets the
  /// picture above its middle, in 43 % of its height. What differs from frame to frame is not in it: the nodding, by up
  /// to 1.6 rows.
  public static func calibration(size: PictureSize) -> CameraCalibration {
    CameraCalibration(
      name: "synthetic", size: size, fx: Double(SyntheticGeometry.focal(width: size.width)),
      fy: Double(SyntheticGeometry.focal(width: size.width)),
      // Columns are counted from the picture's edge, rows from the middle of the first.
      cx: Double(size.width) / 2 - 0.5, cy: Double(SyntheticGeometry.horizonRow(height: size.height)),
      mount: CameraCalibration.Mount(height: Self.metres(SyntheticGeometry.cameraHeight)))
  }

  /// That of any size, for those who choose by name.
  public static let calibrationChoice = CalibrationChoice(name: "synthetic") { (size) throws(RoadError) in
    calibration(size: size)
  }

  /// Where everything is in frame `frame`. Not while another thread renders.
  public func view(frame: UInt64) -> SyntheticView {
    let turn = Int(truncatingIfNeeded: frame % UInt64(1 << 40))
    place(turn)
    var calibration = Self.calibration(size: size)
    calibration.cy = Double(geometry.horizon) / 65536
    return SyntheticView(
      calibration: calibration,
      places: (0..<geometry.sliceCount).map { index in
        let slice = geometry.slices[index]
        return SyntheticView.Place(
          distance: Self.metres(slice.distance), middle: Self.metres(slice.offset), row: Double(slice.row) / 65536)
      },
      vehicles: (0..<Self.vehicleCount).map { index in
        let vehicle = vehicle(index, turn: turn)
        let halfRow = 0.5 / (calibration.fy * calibration.mount.height)
        return SyntheticView.Vehicle(
          distance: 1 / max(1 / Self.metres(vehicle.distance) - halfRow, 1e-4), lateral: Self.metres(vehicle.lateral))
      }, offset: Self.metres(geometry.cameraLateral))
  }

  private static func metres(_ length: Int) -> Double { Double(length) / Double(SyntheticTrack.metre) }
}
