/// What was done to the masks of a run behind the network, and what it cost.
public struct MaskStatistics: Hashable, Sendable {
  /// Nil where masks are not cleaned.
  public var clean: Clean?

  public init() {}

  public struct Clean: Hashable, Sendable {
    /// "gentle", "strong"; "off" where only road that is far from the bottom goes.
    public var mode: String
    /// Road goes that does not reach into the lowest so many percent; nil keeps it.
    public var nearBottom: Int?
    public var frames = 0
    /// Nanoseconds over all frames.
    public var opening: UInt64 = 0
    public var closing: UInt64 = 0
    public var patches: UInt64 = 0
    public var holes: UInt64 = 0
    public var conversion: UInt64 = 0

    public init(mode: String, nearBottom: Int?) {
      self.mode = mode
      self.nearBottom = nearBottom
    }
  }
}

extension StatisticsJSON {
  struct Masks: Encodable {
    @Nullable var clean: Clean?

    init(_ masks: MaskStatistics) { clean = masks.clean.map(Clean.init) }

    struct Clean: Encodable {
      let mode: String
      @Nullable var nearBottom: Int?
      /// Of a frame, on average, by step.
      let ms: [String: Double]

      init(_ clean: MaskStatistics.Clean) {
        mode = clean.mode
        nearBottom = clean.nearBottom
        let frames = Double(max(clean.frames, 1)) * 1e6
        let steps = [
          "opening": clean.opening, "closing": clean.closing, "patches": clean.patches, "holes": clean.holes,
          "conversion": clean.conversion,
        ]
        ms = steps.mapValues { (Double($0) / frames).rounded(toDecimals: 4) }
      }
    }
  }
}
