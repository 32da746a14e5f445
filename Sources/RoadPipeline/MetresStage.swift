import RoadBase
import RoadMask
import RoadMetres
import RoadTelemetry
import Synchronization

/// What is measured in metres on every class map.
public struct MetresOptions: Sendable {
  public var calibration: CalibrationChoice
  /// Odd, in ``RoadMeasure/directionRange``.
  public var directions: Int

  public init(calibration: CalibrationChoice, directions: Int = RoadMeasure.usualDirections) {
    self.calibration = calibration
    self.directions = directions
  }
}

/// Measures each class map on the infer thread, and keeps the newest figures for those who ask.
final class MetresStage: Sendable {
  let calibration: CameraCalibration
  private let measure: RoadMeasure
  private let newest: Mutex<(figures: RoadFigures, isFilled: Bool)>

  /// - Throws: `.calibration` where it does not fit the pictures.
  init(
    _ options: MetresOptions, size: PictureSize, classes: ClassTable, ownParts: OwnParts?
  ) throws(RoadError) {
    calibration = try options.calibration.calibration(for: size)
    measure = RoadMeasure(
      calibration, classes: classes, directions: options.directions,
      ownParts: ownParts.map { OwnPartsMask($0, size: size, road: classes.drivable) })
    newest = Mutex((measure.figures(), false))
  }

  func figures() -> RoadFigures { measure.figures() }

  func measure(_ map: ClassMap, into figures: RoadFigures) {
    measure.measure(map, into: figures)
    newest.withLock {
      $0.figures.copy(from: figures)
      $0.isFilled = true
    }
  }

  /// Of the newest frame; nil before the first. Allocates.
  var statistics: MetresJSON? { newest.withLock { $0.isFilled ? $0.figures.json : nil } }
}
