import RoadBase

/// What is known of a camera and how it is mounted: enough to say which place of a flat road a pixel shows.
///
/// Pixels count as OpenCV's do: (0, 0) is the middle of the upper left pixel. Lengths are metres, angles degrees.
public struct CameraCalibration: Hashable, Sendable {
  /// For messages and results: the file's name, or "synthetic".
  public var name: String
  /// Of the pictures that it was made with. Other sizes of the same shape follow, see ``scaled(to:)``.
  public var size: PictureSize
  /// Focal lengths in pixels.
  public var fx: Double
  public var fy: Double
  /// Principal point in pixels.
  public var cx: Double
  public var cy: Double
  /// k1, k2, p1, p2, k3, k4, k5, k6 as OpenCV's `calibrateCamera` has them: none, 4, 5 or 8 numbers.
  public var distortion: [Double]
  public var mount: Mount
  /// The ground is looked at from this distance on, in metres: a bonnet hides what is nearer. Nil: from the picture's
  /// lower edge on.
  public var nearest: Double?

  /// How the camera stands over the road.
  public struct Mount: Hashable, Sendable {
    /// Of the lens over the road, metres.
    public var height: Double
    /// Downwards.
    public var pitch: Double
    /// Clockwise, seen from behind.
    public var roll: Double
    /// To the right.
    public var yaw: Double

    public init(height: Double, pitch: Double = 0, roll: Double = 0, yaw: Double = 0) {
      (self.height, self.pitch, self.roll, self.yaw) = (height, pitch, roll, yaw)
    }
  }

  public init(
    name: String, size: PictureSize, fx: Double, fy: Double, cx: Double, cy: Double, distortion: [Double] = [],
    mount: Mount, nearest: Double? = nil
  ) {
    self.name = name
    self.size = size
    (self.fx, self.fy, self.cx, self.cy) = (fx, fy, cx, cy)
    self.distortion = distortion
    self.mount = mount
    self.nearest = nearest
  }

  /// What a calibration for `size` is: cameras scale their pictures without cutting.
  ///
  /// - Throws: `.calibration` for a picture of another shape: what was cut off, or how it was squeezed, is not known.
  public func scaled(to size: PictureSize) throws(RoadError) -> CameraCalibration {
    // Sides are whole pixels: a shape is the same where it is within one of them.
    let difference = abs(size.width * self.size.height - size.height * self.size.width)
    guard difference <= max(self.size.width, self.size.height) else {
      throw RoadError(
        .calibration, "\(name): is for pictures of \(self.size); \(size) has another shape",
        remedy: "calibrate the camera at this size, or choose a size of the same shape")
    }
    guard size != self.size else { return self }
    let (x, y) = (Double(size.width) / Double(self.size.width), Double(size.height) / Double(self.size.height))
    var result = self
    result.size = size
    (result.fx, result.fy) = (fx * x, fy * y)
    (result.cx, result.cy) = ((cx + 0.5) * x - 0.5, (cy + 0.5) * y - 0.5)
    return result
  }
}

/// A calibration as a user names it: a file, or that of the synthetic road, which is exact at every size.
public struct CalibrationChoice: Sendable {
  public let name: String
  private let make: @Sendable (PictureSize) throws(RoadError) -> CameraCalibration

  public init(_ calibration: CameraCalibration) {
    name = calibration.name
    make = { (size) throws(RoadError) in try calibration.scaled(to: size) }
  }

  public init(name: String, _ make: @escaping @Sendable (PictureSize) throws(RoadError) -> CameraCalibration) {
    self.name = name
    self.make = make
  }

  /// - Throws: `.calibration` where it does not fit pictures of this size.
  public func calibration(for size: PictureSize) throws(RoadError) -> CameraCalibration { try make(size) }
}
