/// What was done to the masks of a run behind the network, and what it cost.
public struct MaskStatistics: Hashable, Sendable {
  /// Nil where masks are not cleaned.
  public var clean: Clean?
  /// Nil where masks are not steadied over time.
  public var stabilise: Stabilise?
  /// Nil where none are known, and none looked for.
  public var ownParts: OwnParts?
  /// Of the picture's pixels: the region of interest. Nil where the whole picture is one.
  public var regionShare: Double?

  public init() {}

  /// Where there is never road: the car's own parts.
  public struct OwnParts: Hashable, Sendable {
    public enum Origin: String, Sendable, CaseIterable {
      /// At the start, in a file.
      case given
      /// In the frames of this run.
      case found
      case page
    }

    public var polygons: Int
    /// Of the picture's pixels.
    public var share: Double
    /// Nil while they are looked for.
    public var origin: Origin?
    /// How much of the driving is done that they take at least, 0...1; nil where they are not looked for.
    public var searched: Double?
    /// That keeps them; nil for none.
    public var file: String?
    /// Why it could not be written.
    public var trouble: String?

    public init(polygons: Int, share: Double, origin: Origin?) {
      self.polygons = polygons
      self.share = share
      self.origin = origin
    }
  }

  /// Sums over all frames.
  public struct Stabilise: Hashable, Sendable {
    /// "gentle", "strong".
    public var mode: String
    public var frames = 0
    /// Of them, those that took nothing from the ones before: the first, after gaps, at cuts.
    public var restarts = 0
    public var nanoseconds: UInt64 = 0
    /// Score pixels, those where the picture had not changed, and those of them whose road came or went all the same:
    /// by the network alone, and as given on.
    public var cells = 0
    public var stillCells = 0
    public var networkFlips = 0
    public var flips = 0

    public init(mode: String) { self.mode = mode }

    /// Shares, 0...1; nil before there are two frames to compare.
    public var stillShare: Double? { Self.share(stillCells, of: cells) }
    public var networkFlicker: Double? { Self.share(networkFlips, of: stillCells) }
    public var flicker: Double? { Self.share(flips, of: stillCells) }

    private static func share(_ part: Int, of whole: Int) -> Double? {
      whole == 0 ? nil : Double(part) / Double(whole)
    }
  }

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
    @Nullable var stabilise: Stabilise?
    @Nullable var ownParts: OwnParts?

    @Nullable var regionShare: Double?

    struct OwnParts: Encodable {
      let polygons: Int
      let share: Double
      @Nullable var origin: String?
      @Nullable var searched: Double?
      @Nullable var file: String?
      @Nullable var trouble: String?

      init(_ parts: MaskStatistics.OwnParts) {
        polygons = parts.polygons
        share = parts.share.rounded(toDecimals: 4)
        origin = parts.origin?.rawValue
        searched = parts.searched?.rounded(toDecimals: 3)
        file = parts.file
        trouble = parts.trouble
      }
    }

    init(_ masks: MaskStatistics) {
      ownParts = masks.ownParts.map(OwnParts.init)
      regionShare = masks.regionShare?.rounded(toDecimals: 4)
      clean = masks.clean.map(Clean.init)
      stabilise = masks.stabilise.map(Stabilise.init)
    }

    struct Stabilise: Encodable {
      let mode: String
      let restarts: Int
      /// Of a frame, on average.
      let ms: Double
      /// Shares, null before there are two frames to compare.
      @Nullable var stillShare: Double?
      @Nullable var networkFlicker: Double?
      @Nullable var flicker: Double?

      init(_ sums: MaskStatistics.Stabilise) {
        mode = sums.mode
        restarts = sums.restarts
        ms = (Double(sums.nanoseconds) / Double(max(sums.frames, 1)) / 1e6).rounded(toDecimals: 4)
        stillShare = sums.stillShare?.rounded(toDecimals: 6)
        networkFlicker = sums.networkFlicker?.rounded(toDecimals: 6)
        flicker = sums.flicker?.rounded(toDecimals: 6)
      }
    }

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
