import RoadBase

/// From a place on a flat road to the pixel that shows it, through mount, lens and distortion.
///
/// Additions, products, quotients and square roots only, so that tables made with it are the same on every board.
package struct GroundProjection {
  private let calibration: CameraCalibration
  private let k: [Double]
  private let pitch: (sin: Double, cos: Double)
  private let roll: (sin: Double, cos: Double)
  private let yaw: (sin: Double, cos: Double)
  /// Squared distance from the lens' axis, at unit depth, beyond which the distortion's polynomial turns back.
  private let largestRadius2: Double

  package init(_ calibration: CameraCalibration) {
    self.calibration = calibration
    k = calibration.distortion + [Double](repeating: 0, count: 8 - calibration.distortion.count)
    pitch = Trigonometry.sineCosine(degrees: calibration.mount.pitch)
    roll = Trigonometry.sineCosine(degrees: calibration.mount.roll)
    yaw = Trigonometry.sineCosine(degrees: calibration.mount.yaw)
    largestRadius2 = Self.turningPoint(k)
  }

  private static func radial(_ k: [Double], _ r2: Double) -> Double {
    (1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))) / (1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7])))
  }

  private static func turningPoint(_ k: [Double]) -> Double {
    var last = 0.0
    for step in 1...1000 {
      let r = Double(step) * 0.005
      let bent = r * radial(k, r * r)
      guard bent.isFinite, bent > last else {
        let limit = Double(step - 1) * 0.005
        return limit * limit
      }
      last = bent
    }
    return 25
  }

  /// - Parameters:
  ///   - x: metres to the right of the camera.
  ///   - z: metres ahead of it.
  /// - Returns: column and row, 0 in the middle of the upper left pixel; nil for what the lens does not show.
  package func pixel(x: Double, z: Double) -> (u: Double, v: Double)? {
    let y = calibration.mount.height
    let (side, ahead) = (x * yaw.cos - z * yaw.sin, x * yaw.sin + z * yaw.cos)
    let (down, depth) = (y * pitch.cos - ahead * pitch.sin, y * pitch.sin + ahead * pitch.cos)
    guard depth > 0.05 else { return nil }
    let (a, b) = ((side * roll.cos + down * roll.sin) / depth, (down * roll.cos - side * roll.sin) / depth)
    let r2 = a * a + b * b
    guard r2 < largestRadius2 else { return nil }
    let bend = Self.radial(k, r2)
    let u = a * bend + 2 * k[2] * a * b + k[3] * (r2 + 2 * a * a)
    let v = b * bend + k[2] * (r2 + 2 * b * b) + 2 * k[3] * a * b
    return (calibration.fx * u + calibration.cx, calibration.fy * v + calibration.cy)
  }

  /// The index of the pixel that shows it, row by row; nil outside of the picture.
  func index(x: Double, z: Double) -> Int? {
    guard let place = pixel(x: x, z: z) else { return nil }
    let (width, height) = (calibration.size.width, calibration.size.height)
    let (u, v) = (place.u + 0.5, place.v + 0.5)
    guard u >= 0, v >= 0, u < Double(width), v < Double(height) else { return nil }
    return Int(v) * width + Int(u)
  }
}

package enum Trigonometry {
  /// By the series and doubled angles: the C library's differ from board to board.
  package static func sineCosine(degrees: Double) -> (sin: Double, cos: Double) {
    let x = degrees * (Double.pi / 180) / 16
    var (sine, cosine, term) = (0.0, 0.0, 1.0)
    for power in 0..<12 {
      if power % 2 == 0 { cosine += term } else { sine += term }
      term = power % 2 == 0 ? term * x / Double(power + 1) : -term * x / Double(power + 1)
    }
    for _ in 0..<4 { (sine, cosine) = (2 * sine * cosine, 1 - 2 * sine * sine) }
    return (sine, cosine)
  }
}
