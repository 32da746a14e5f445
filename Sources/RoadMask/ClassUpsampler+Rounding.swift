extension ClassBlock {
  /// A row of a cell whose upsampled scores are bytes before they are compared, pixel by pixel. Classes ascend.
  ///
  /// - Parameter unit: what one step of a score is in the lines' values.
  func writeRounded(
    _ lines: UnsafeMutableBufferPointer<Candidate>, row: Int, from start: Int, to end: Int, zeroPoint: Int, unit: Int
  ) {
    let target = base + row &* width
    for column in 0..<(end &- start) {
      var best = 0
      for index in 1..<max(lines.count, 1) where lines[index].value(column) > lines[best].value(column) { best = index }
      let highest = lines[best].value(column)
      // Rounding reaches less than a step down: only lower classes as near as that can tie.
      var winner = best
      var byte: Int?
      for index in 0..<best where highest &- lines[index].value(column) <= unit {
        let top = byte ?? Self.rounded(highest, zeroPoint, unit)
        byte = top
        if Self.rounded(lines[index].value(column), zeroPoint, unit) == top {
          winner = index
          break
        }
      }
      target[start &+ column] = lines[winner].class
    }
  }

  /// Steps from the zero-point: to nearest, ties to even.
  @inline(__always)
  private static func rounded(_ value: Int, _ zeroPoint: Int, _ unit: Int) -> Int {
    let twice = 2 &* (value &- zeroPoint &* unit) &+ unit
    // Floor of the quotient, whatever the sign.
    let quotient = twice / (2 &* unit)
    let remainder = twice &- quotient &* 2 &* unit
    if remainder == 0 { return quotient & ~1 }
    return remainder < 0 ? quotient &- 1 : quotient
  }
}

extension Candidate {
  @inline(__always)
  fileprivate func value(_ column: Int) -> Int { base &+ column &* slope }
}
