/// What a calibrated camera measured on one frame. Metres from the place below the camera: `x` to the right, `z` ahead.
public struct MetresJSON: Codable, Hashable, Sendable {
  /// Free road straight ahead, over a strip 2 metres wide; null where none is seen.
  @Nullable public var ahead: Double?
  /// Of the road; null where not both edges are seen.
  @Nullable public var width: Double?
  /// Of the camera from the middle of the road, positive to the right; null where that is not known.
  @Nullable public var offset: Double?
  /// How far the camera looks down more than it was calibrated to, in degrees; null where that is not asked for, or
  /// not known.
  @Nullable public var nod: Double?
  /// From left to right.
  public var directions: [Direction]
  public var freeSpace: FreeSpace

  public struct Direction: Codable, Hashable, Sendable {
    /// From straight ahead, positive to the right.
    public var degrees: Double
    /// Null where no road is seen.
    @Nullable public var free: Double?
    /// "blocked": something else than road begins there; "open": no more can be measured; "unseen".
    public var end: String

    public init(degrees: Double, free: Double?, end: String) {
      self.degrees = degrees
      self.free = free
      self.end = end
    }

    enum CodingKeys: String, CodingKey {
      case degrees, end
      case free = "free_m"
    }
  }

  /// One closed polygon, in pixels [column, row] and in metres [x, z].
  public struct FreeSpace: Codable, Hashable, Sendable {
    public var pixels: [[Int]]
    public var metres: [[Double]]

    public init(pixels: [[Int]], metres: [[Double]]) { (self.pixels, self.metres) = (pixels, metres) }
  }

  public init(
    ahead: Double?, width: Double?, offset: Double?, nod: Double?, directions: [Direction], freeSpace: FreeSpace
  ) {
    self.ahead = ahead
    self.width = width
    self.offset = offset
    self.nod = nod
    self.directions = directions
    self.freeSpace = freeSpace
  }

  enum CodingKeys: String, CodingKey {
    case ahead = "ahead_m"
    case width = "width_m"
    case offset = "offset_m"
    case nod = "nod_degrees"
    case directions
    case freeSpace = "free_space"
  }
}
