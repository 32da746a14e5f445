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
  public var pitch: Pitch

  public init(
    calibration: CalibrationChoice, directions: Int = RoadMeasure.usualDirections, pitch: Pitch = .fixed
  ) {
    self.calibration = calibration
    self.directions = directions
    self.pitch = pitch
  }
}

/// Measures each class map on the infer thread, and keeps the newest figures for those who ask.
final class MetresStage: Sendable {
  let calibration: CameraCalibration
  private let options: MetresOptions
  private let classes: ClassTable
  /// Of the infer thread as long as it measures.
  private let measure: Mutex<RoadMeasure>
  private let newest: Mutex<(figures: RoadFigures, isFilled: Bool)>

  /// - Throws: `.calibration` where it does not fit the pictures.
  init(
    _ options: MetresOptions, size: PictureSize, classes: ClassTable, hidden: OwnPartsMask?
  ) throws(RoadError) {
    self.options = options
    self.classes = classes
    calibration = try options.calibration.calibration(for: size)
    let measure = RoadMeasure(
      calibration, classes: classes, directions: options.directions, pitch: options.pitch, ownParts: hidden)
    newest = Mutex((measure.figures(), false))
    self.measure = Mutex(measure)
  }

  func figures() -> RoadFigures { measure.withLock { $0.figures() } }

  /// From the next frame on something else hides the road.
  func hide(_ mask: OwnPartsMask?) {
    let fresh = RoadMeasure(
      calibration, classes: classes, directions: options.directions, pitch: options.pitch, ownParts: mask)
    measure.withLock { $0 = fresh }
  }

  func measure(_ map: ClassMap, into figures: RoadFigures) {
    let measure = self.measure.withLock { $0 }
    measure.measure(map, into: figures)
    newest.withLock {
      $0.figures.copy(from: figures)
      $0.isFilled = true
    }
  }

  /// Of the newest frame; nil before the first. Allocates.
  var statistics: MetresJSON? { newest.withLock { $0.isFilled ? $0.figures.json : nil } }
}
