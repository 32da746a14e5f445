import RoadBase
import RoadEvaluation
import RoadFrame
import RoadQuantizer

extension CalibrationManifest {
  /// - Throws: a picture error where one of the pictures is among those that calibrate, by content.
  func refuseOverlap(with pictures: some LabelledPictures) throws(RoadError) {
    var digests: [String] = []
    for index in 0..<pictures.count { digests.append(Self.digest(try pictures.pictureBytes(at: index))) }
    let seen = overlap(with: digests)
    guard let first = seen.first else { return }
    throw RoadError(
      .picture, "\(seen.count) of the pictures calibrated the model, the first \(first.name)",
      remedy: "evaluate on pictures that the model has not seen")
  }
}
