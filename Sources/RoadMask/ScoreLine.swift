/// A threshold in whole numbers, for one size of scores and picture.
struct ScoreLine: Sendable {
  let above: UInt8
  let below: UInt8
  /// The least score that counts as above.
  let leastScore: Int
  /// The least upsampled score that does, in its own unit: a score over the product of the two denominators.
  private let leastValue: Int

  /// - Parameters:
  ///   - unit: what one step of a score is in upsampled ones.
  ///   - rounding: the scores' zero-point where upsampled scores are rounded to nearest before they are compared, ties
  ///     to those an even number of steps from it.
  init(_ threshold: ClassUpsampler.Threshold, unit: Int, rounding: UInt8?) {
    above = threshold.above
    below = threshold.below
    leastScore = Int(threshold.steps.rounded(.down)) + 1
    guard let rounding else {
      leastValue = Int((threshold.steps * Double(unit)).rounded(.down)) + 1
      return
    }
    // From half a step below on, exclusively unless the tie goes up.
    let twice = (2 * leastScore - 1) * unit
    let floor = twice >> 1
    let isTie = twice & 1 == 0
    let tieGoesUp = (leastScore - Int(rounding)) & 1 == 0
    leastValue = isTie && tieGoesUp ? floor : floor + 1
  }

  @inline(__always)
  func winner(_ score: UInt64) -> UInt8 { Int(score) >= leastScore ? above : below }

  /// A cell whose corners disagree, row by row: the score's line against a constant one. A tie is the lower class's.
  func write(
    _ score: inout Candidate, _ block: ClassBlock, from start: Int, to end: Int,
    lines: UnsafeMutableBufferPointer<Candidate>
  ) {
    let isLower = above < below
    var rival = Candidate()
    rival.class = below
    rival.base = isLower ? leastValue : leastValue - 1
    lines[isLower ? 1 : 0] = rival
    for row in 0..<block.rows {
      lines[isLower ? 0 : 1] = score
      block.writePair(lines, row: row, from: start, to: end)
      score.advance()
    }
  }
}
