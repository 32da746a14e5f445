import RoadMetres

/// What `Calibration/camera/calibrate_camera.py` is asked for: its first line. Lengths in metres.
struct CalibrationTask: Encodable {
  struct Board: Encodable {
    var columns: Int
    var rows: Int
    var square: Double
    var marker: Double?
    var dictionary: String?
  }

  struct Lens: Encodable {
    var fx: Double
    var fy: Double
    var cx: Double
    var cy: Double
    var distortion: [Double]

    init(_ calibration: CameraCalibration) {
      (fx, fy, cx, cy) = (calibration.fx, calibration.fy, calibration.cx, calibration.cy)
      distortion = calibration.distortion
    }
  }

  struct Mount: Encodable {
    /// "board", "vanishing-point", "lanes" or "given".
    var kind: String
    var height: Double?
    /// Width of the lane that tells it.
    var lane: Double?
    var pitch: Double?
    var roll: Double?
    var yaw: Double?
    /// Column and row; without a column the lens' axis.
    var point: [Double?]?
  }

  var board: Board?
  var roadBoard: Board?
  var intrinsics: Lens?
  var mount: Mount
}

/// A line that it answers.
struct CalibrationAnswer: Decodable {
  struct Lens: Decodable {
    var fx: Double
    var fy: Double
    var cx: Double
    var cy: Double
    var distortion: [Double]
    /// Pixels between where corners are seen and where the calibration puts them.
    var rms: Double
    var views: Int
    /// Views that did not fit.
    var leftOut: Int
    /// Standard deviations of fx, fy, cx and cy.
    var deviations: [Double]
    /// What would make it better.
    var missing: [String]

    /// "fx 700.7 ± 1.2, …, 0.16 pixels over 14 views"
    var text: String {
      let values = zip(["fx", "fy", "cx", "cy"], zip([fx, fy, cx, cy], deviations)).map { name, pair in
        "\(name) \(Format.fixed(pair.0, 1)) ± \(Format.fixed(pair.1, 1))"
      }
      let left = leftOut > 0 ? ", \(leftOut) left out" : ""
      return "\(values.joined(separator: ", ")); \(Format.fixed(rms)) pixels over \(views) views\(left)"
    }
  }

  struct Mount: Decodable {
    var height: Double
    var pitch: Double
    var roll: Double
    var yaw: Double
  }

  var error: String?
  var remedy: String?
  var opencv: String?
  /// Of a picture: whether the board is seen, whether it is a new view, how many there are, what is missing.
  var found: Bool?
  var kept: Bool?
  var views: Int?
  var missing: [String]?
  var lens: Lens?
  var mount: Mount?
}
