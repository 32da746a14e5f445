import RoadBase
import RoadEvaluation
import RoadFrame
import RoadQuantizer

extension CalibrationManifest {
  /// - Throws: a picture error where one of the pictures is among those that calibrate, by content.
  func refuseOverlap(with pairs: [PicturePair]) throws(RoadError) {
    var digests: [String] = []
    for pair in pairs { digests.append(Self.digest(try FileInput.read(pair.picture, as: .picture))) }
    let seen = overlap(with: digests)
    guard let first = seen.first else { return }
    throw RoadError(
      .picture, "\(seen.count) of the pictures calibrated the model, the first \(first.name)",
      remedy: "evaluate on pictures that the model has not seen")
  }
}
