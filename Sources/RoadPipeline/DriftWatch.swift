/// Tells when what a network sees has left what it was calibrated for: then more of its activations lie at the ends of
/// their range than usually do.
///
/// The usual share is learned from the first ``learning`` looks of a run of which the picture can be seen: their mean
/// m. A look is suspicious above `3·m + 0.2 %`, and calm below `2·m + 0.1 %`. ``patience`` suspicious looks in a row
/// raise the alarm, as many calm ones end it; a look between the two is neither, and begins a new row.
///
/// Plain arithmetic on what it is given; nothing is allocated.
package struct DriftWatch {
  /// Looks, one every eighth frame: 16 seconds at 30 frames a second.
  package static let learning = 60
  package static let patience = 30

  private var sum = 0.0
  private var learned = 0
  private var row = 0
  /// Moving means over ``patience`` looks; nil before the first.
  package private(set) var saturated: Double?
  package private(set) var isRaised = false
  /// How often it was raised.
  package private(set) var alarms = 0

  package init() {}

  /// 0...1; nil as long as it is being learned.
  package var usual: Double? { learned < Self.learning ? nil : sum / Double(learned) }

  /// - Parameters:
  ///   - share: of the activations at the ends of their range, 0...1.
  ///   - isSeen: whether the picture is neither dark nor blurred nor blinded: others teach nothing.
  package mutating func look(_ share: Double, isSeen: Bool) {
    saturated = saturated.map { $0 + (share - $0) / Double(Self.patience) } ?? share
    guard let usual else {
      if isSeen { (sum, learned) = (sum + share, learned + 1) }
      return
    }
    let isSign = isRaised ? share < 2 * usual + 0.001 : share > 3 * usual + 0.002
    row = isSign ? row + 1 : 0
    guard row == Self.patience else { return }
    row = 0
    isRaised.toggle()
    if isRaised { alarms += 1 }
  }
}
