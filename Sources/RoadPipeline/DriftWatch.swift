/// What a network does with pictures like those that it was calibrated on.
public struct UsualActivity: Hashable, Sendable {
  /// Share of the activations that lie at the ends of their range, 0...1: a mean, or more where pictures differ much.
  public var saturated: Double
  /// How sure it is of the road, see ``RoadConfidence``; nil where that is not known.
  public var road: Double?
  /// Share of ``road`` that few of those pictures are below, 0...1: the confidence of some networks varies less.
  public var doubtful: Double

  /// Where nobody knows.
  public static let doubtful = 0.6

  public init(saturated: Double, road: Double?, doubtful: Double = Self.doubtful) {
    (self.saturated, self.road, self.doubtful) = (saturated, road, doubtful)
  }

  /// A look is suspicious above it.
  var suspicious: Double { 2.5 * saturated + 0.002 }

  /// The least usual share with which `share` is not suspicious.
  private static func saturated(sparing share: Double) -> Double { max(0, (share - 0.002) / 2.5) }

  /// What is usual of pictures that were each seen by itself; nil without any.
  ///
  /// The share of saturated activations is their mean, or what spares all but one picture in fifty: whole drives may
  /// lie above the mean. The confidence is a mean, too; nil where fewer than half of the pictures have road. Doubtful
  /// is the share of it that one picture in twenty is below, 0.5...0.8.
  ///
  /// - Parameters:
  ///   - shares: of the saturated activations, 0...1, of each picture.
  ///   - roads: how sure the network is of the road, of each picture that has any.
  package init?(shares: [Double], roads: [Double]) {
    guard !shares.isEmpty else { return nil }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let spared = shares.sorted()[shares.count - 1 - shares.count / 50]
    self.init(saturated: max(mean(shares), Self.saturated(sparing: spared)), road: nil)
    guard !roads.isEmpty, 2 * roads.count >= shares.count else { return }
    let road = mean(roads)
    self.road = road
    doubtful = min(0.8, max(0.5, roads.sorted()[roads.count / 20] / max(road, 1)))
  }
}

/// Tells when what a network sees has left what it was calibrated for: then more of its activations lie at the ends of
/// their range than usually do, or it is far less sure of the road.
///
/// What is usual, the share s and the confidence r, is what the calibration's pictures had; where nobody knows, it is
/// learned from the first ``learning`` looks of a run of which the picture can be seen: their means. With d for
/// ``UsualActivity/doubtful``, a look is suspicious above `2.5·s + 0.2 %` or below `d·r`, and calm below
/// `2·s + 0.1 %` and above `(0.75·d + 0.25)·r`. The alarm is raised when ``patience`` more looks were suspicious than
/// were not, counted from 0 and never below, and ends when as many more were calm than were not. Without road in the
/// picture the share counts alone.
///
/// Plain arithmetic on what it is given; nothing is allocated.
package struct DriftWatch {
  /// Looks, one every eighth frame: 16 seconds at 30 frames a second.
  package static let learning = 60
  package static let patience = 30

  private let known: UsualActivity?
  private var sum = 0.0
  private var learned = 0
  private var roadSum = 0.0
  private var roads = 0
  private var row = 0
  /// Moving means over ``patience`` looks; nil before the first.
  package private(set) var saturated: Double?
  package private(set) var isRaised = false
  /// How often it was raised.
  package private(set) var alarms = 0

  /// - Parameter usual: of the calibration's pictures; nil where nobody knows.
  package init(usual: UsualActivity? = nil) { known = usual }

  /// Nil as long as it is being learned.
  package var usual: UsualActivity? {
    if let known { return known }
    guard learned == Self.learning else { return nil }
    // A few looks with road are no mean.
    let road = roads < Self.learning / 2 ? nil : roadSum / Double(roads)
    return UsualActivity(saturated: sum / Double(learned), road: road)
  }

  /// - Parameters:
  ///   - share: of the activations at the ends of their range, 0...1.
  ///   - road: how sure the network is of it; nil without road.
  ///   - isSeen: whether the picture is neither dark nor blurred nor blinded: others teach nothing.
  package mutating func look(_ share: Double, road: Double?, isSeen: Bool) {
    saturated = saturated.map { $0 + (share - $0) / Double(Self.patience) } ?? share
    guard let usual else {
      if isSeen { learn(share, road) }
      return
    }
    let isSure = { (part: Double) in
      guard let road, let usually = usual.road else { return true }
      return road > part * usually
    }
    let isCalm = share < 2 * usual.saturated + 0.001 && isSure(0.75 * usual.doubtful + 0.25)
    let isSuspicious = share > usual.suspicious || !isSure(usual.doubtful)
    row = (isRaised ? isCalm : isSuspicious) ? row + 1 : max(0, row - 1)
    guard row == Self.patience else { return }
    row = 0
    isRaised.toggle()
    if isRaised { alarms += 1 }
  }

  private mutating func learn(_ share: Double, _ road: Double?) {
    (sum, learned) = (sum + share, learned + 1)
    if let road { (roadSum, roads) = (roadSum + road, roads + 1) }
  }
}
