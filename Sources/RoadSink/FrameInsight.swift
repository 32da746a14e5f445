import RoadBase
import RoadMask
import RoadTelemetry

/// What is known of one frame besides its masks.
public struct FrameInsight: Hashable, Sendable {
  /// Nil where nobody looked at the picture.
  public var health: PictureHealth?
  /// How sure the network is of the road, 0...255 steps of the scores; nil without road.
  public var roadConfidence: Double?

  public init(health: PictureHealth? = nil, roadConfidence: Double? = nil) {
    (self.health, self.roadConfidence) = (health, roadConfidence)
  }
}

extension PictureState {
  public init(_ health: PictureHealth) {
    self.init(
      health: health.word.rawValue, luma: health.luma, sharpness: health.sharpness,
      glare: Double(health.glare) / 1000, dirt: health.dirt.map { Double($0) / 1000 })
  }
}

/// The same for recordings and files: one JSON object.
public struct FrameHealthJSON: Codable, Hashable, Sendable {
  /// "good", "dark", "glare", "blurred", "dirty".
  public var health: String
  public var luma: Int
  @Nullable public var sharpness: Int?
  public var glare: Double
  @Nullable public var dirt: Double?
  @Nullable public var roadConfidence: Double?

  /// - Returns: nil where nobody looked at the picture.
  public init?(_ insight: FrameInsight) {
    guard let state = insight.health.map({ PictureState($0) }) else { return nil }
    health = state.health
    luma = state.luma
    sharpness = state.sharpness
    glare = state.glare
    dirt = state.dirt
    roadConfidence = insight.roadConfidence.map { ($0 * 10).rounded() / 10 }
  }

  enum CodingKeys: String, CodingKey {
    case health, luma, sharpness, glare, dirt
    case roadConfidence = "road_confidence"
  }
}
