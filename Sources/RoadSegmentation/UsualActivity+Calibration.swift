import RoadBase
import RoadFrame
import RoadMask
import RoadModel
import RoadPipeline

extension IntegerSegmenter {
  /// What the network does with some pictures, such as those of its calibration, each seen by itself.
  ///
  /// - Returns: nil where the engine does not count saturated activations, or without pictures.
  /// - Throws: what `picture`, which gives them by their index, throws.
  public func usualActivity(
    count: Int, picture: (Int) throws(RoadError) -> Picture
  ) throws(RoadError) -> UsualActivity? {
    var (shares, roads) = ([Double](), [Double]())
    for index in 0..<count {
      let seen = try picture(index)
      // A new segmenter looks at its first frame.
      let times = segmenter(for: seen.size).segment(.picture(seen), into: ClassMap(size: seen.size))
      guard let share = times.saturated else { return nil }
      shares.append(share)
      if let road = times.roadConfidence?.mean { roads.append(road) }
    }
    return UsualActivity(shares: shares, roads: roads)
  }
}

extension ModelGraph {
  /// What the metadata says of it; nil where it says nothing, or nothing that can be.
  var usualActivity: UsualActivity? {
    usualSaturation.map {
      UsualActivity(saturated: $0, road: usualConfidence, doubtful: doubtfulConfidence ?? UsualActivity.doubtful)
    }
  }

  /// Writes it into the metadata, to four digits.
  public mutating func note(_ usual: UsualActivity) {
    func text(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
    metadata[Self.usualSaturationKey] = text(usual.saturated)
    metadata[Self.usualConfidenceKey] = usual.road.map(text)
    metadata[Self.doubtfulConfidenceKey] = text(usual.doubtful)
  }
}
