import ArgumentParser
import RoadBase
import RoadCamera
import RoadMetres
import RoadPipeline

/// `--camera-calibration`, `--directions` and `--camera-pitch`: figures in metres.
struct MetresCommandOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Measure in metres with this calibration of the camera, which roadseg calibrate-camera makes; 'synthetic' is that \
      of the synthetic road.
      """,
      valueName: "file"))
  var cameraCalibration: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Directions in which the free distance is measured, an odd number up to 91. (default: 15)", valueName: "n"))
  var directions: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Pitch of the camera: fixed, as calibrated, or road, found on each frame from where the edges of the road meet, \
      for roads of one width. (default: fixed; of the synthetic road: road)
      """,
      valueName: "mode"))
  var cameraPitch: Pitch?

  func validate() throws {
    if cameraPitch != nil, cameraCalibration == nil {
      throw ValidationError("--camera-pitch needs --camera-calibration")
    }
    guard let directions else { return }
    guard RoadMeasure.directionRange.contains(directions), directions % 2 == 1 else {
      throw ValidationError("--directions takes an odd number from 1 to 91: the middle one is straight ahead")
    }
    if cameraCalibration == nil { throw ValidationError("--directions needs --camera-calibration") }
  }

  /// Whose pictures are measured.
  enum Source {
    case camera, syntheticRoad
    /// Files and streams, of whatever camera: of the synthetic road, perhaps.
    case other
  }

  /// Nil where nothing is to be measured. A calibration that need not be the `source`'s is said on standard error.
  ///
  /// - Throws: `.calibration` for a file that is none, and for the synthetic road's with a camera.
  func options(of source: Source) throws(RoadError) -> MetresOptions? {
    guard let cameraCalibration else { return nil }
    let isSynthetic = cameraCalibration == SyntheticScene.calibrationChoice.name
    if isSynthetic { try Self.checkSynthetic(source) }
    let calibration =
      isSynthetic
      ? SyntheticScene.calibrationChoice : CalibrationChoice(try CalibrationReader.read(path: cameraCalibration))
    return MetresOptions(
      calibration: calibration, directions: directions ?? RoadMeasure.usualDirections,
      // The camera of the synthetic road nods, and the road is as wide everywhere.
      pitch: cameraPitch ?? (isSynthetic ? .road : .fixed))
  }
}

extension MetresCommandOptions {
  private static func checkSynthetic(_ source: Source) throws(RoadError) {
    let name = SyntheticScene.calibrationChoice.name
    switch source {
    case .syntheticRoad: return
    case .camera:
      throw RoadError(
        .calibration, "'\(name)' is the calibration of the synthetic road: no figure of a camera would be true",
        remedy: "make one with roadseg calibrate-camera")
    case .other:
      Terminal.say(
        "roadseg: '\(name)' is the calibration of the synthetic road: figures of other pictures are not true")
    }
  }
}

extension SourceRequest {
  /// Whose pictures it asks for.
  var measured: MetresCommandOptions.Source {
    if isCamera { return .camera }
    // An unknown part of the synthetic road is told where it is opened.
    return name.flatMap { try? SyntheticParts.of(source: $0) } == nil ? .other : .syntheticRoad
  }
}

extension Pitch: ExpressibleByArgument {}
