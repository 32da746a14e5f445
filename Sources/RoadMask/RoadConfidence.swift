/// How sure a network is of the road in one frame: the mean margin of the score pixels whose class is road.
///
/// A margin is how far the best class is above the second, 0...255 steps of the scores; its definition is at
/// ``ConfidenceUpsampler``. Nothing is upsampled: the mean over score pixels is that over the picture's pixels, but for
/// those along the borders.
public struct RoadConfidence: Hashable, Sendable {
  /// Σ of the margins, 0...255 each.
  public var margins: Int
  /// Score pixels of road.
  public var pixels: Int

  public init(margins: Int = 0, pixels: Int = 0) {
    self.margins = margins
    self.pixels = pixels
  }

  /// 0...255; nil where there is no road.
  public var mean: Double? { pixels == 0 ? nil : Double(margins) / Double(pixels) }

  /// - Parameters:
  ///   - road: the class, and for one score a pixel which scores are above its level.
  ///   - margin: of the scores' kind.
  public init(of scores: ScoreView, road: RoadRule, margin: ScoreMargin) {
    self.init()
    for y in 0..<scores.height {
      for x in 0..<scores.width {
        let pixel = scores.pixel(y, x)
        guard margin.isRoad(pixel, road, scores.lowOffset) else { continue }
        pixels &+= 1
        margins &+= Int(margin.of(pixel, scores.lowOffset))
      }
    }
  }
}

/// How far the best class of a score pixel is above the second, see ``ConfidenceUpsampler``.
public struct ScoreMargin: Hashable, Sendable {
  public let classes: Int
  /// Of a single score, in 1/256 steps.
  private let level: Int?

  /// - Parameters:
  ///   - classes: scores a pixel, 1...255.
  ///   - level: of a network with one score a pixel, in steps of a score; nil for others, which have two classes or
  ///     more.
  public init(classes: Int, level: Double? = nil) {
    precondition(level == nil ? (2...255).contains(classes) : classes == 1, "\(classes) scores, level \(level ?? 0)")
    self.classes = classes
    self.level = level.map { Int((min(max($0, -1), 65536) * 256).rounded()) }
  }

  @inline(__always)
  func of(_ pixel: UnsafePointer<UInt8>, _ lowOffset: Int) -> UInt8 {
    if let level {
      let score = Int(ScoreView.score(pixel, 0, lowOffset))
      let distance = abs(score &* 256 &- level) >> (lowOffset == 0 ? 8 : 15)
      return UInt8(truncatingIfNeeded: min(distance, 255))
    }
    var best = UInt64(0)
    var second = UInt64(0)
    for c in 0..<classes {
      let score = ScoreView.score(pixel, c, lowOffset)
      second = max(second, min(best, score))
      best = max(best, score)
    }
    return UInt8(truncatingIfNeeded: min((best &- second) >> (lowOffset == 0 ? 0 : 7), 255))
  }

  /// Ties go to the lower class, as in class maps.
  @inline(__always)
  func isRoad(_ pixel: UnsafePointer<UInt8>, _ rule: RoadRule, _ lowOffset: Int) -> Bool {
    if let level {
      let isAbove = Int(ScoreView.score(pixel, 0, lowOffset)) &* 256 > level
      return (isAbove ? rule.threshold?.above : rule.threshold?.below) == rule.road
    }
    let road = ScoreView.score(pixel, Int(rule.road), lowOffset)
    for c in 0..<classes {
      let score = ScoreView.score(pixel, c, lowOffset)
      if score > road || score == road && c < Int(rule.road) { return false }
    }
    return true
  }
}
