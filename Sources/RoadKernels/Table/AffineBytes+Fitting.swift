import RoadKernelContract

extension AffineBytes {
  /// The affine that give exactly these tables: one table of 256 bytes, or one for each of up to four channels of a
  /// packed picture.
  ///
  /// - Returns: nil if a table is not a line (every one of its 256 entries is checked), or there are more than four.
  public static func fitting(_ tables: [UInt8]) -> AffineBytes? {
    precondition(tables.count % 256 == 0 && !tables.isEmpty, "\(tables.count) bytes are not tables of 256")
    let channels = tables.count / 256
    guard channels <= 4 else { return nil }
    var affine = AffineBytes(multiplier: .zero, bias: .zero, shift: .zero)
    for byte in 0..<4 {
      // Bytes past the last channel take its line: what they hold is meaningless.
      let channel = min(byte, channels - 1)
      guard let line = line(Array(tables[channel * 256..<channel * 256 + 256])) else { return nil }
      (affine.multiplier[byte], affine.bias[byte], affine.shift[byte]) = line
    }
    return affine
  }

  private static func line(_ table: [UInt8]) -> (multiplier: Int32, bias: Int32, shift: Int32)? {
    guard let slope = slope(table) else { return (0, Int32(table[0]), 0) }
    // The largest shift whose multiplier keeps to 15 bits.
    guard let shift = (0...20).last(where: { abs(slope) * Double(1 << $0) < 32000 }) else { return nil }
    let middle = Int((slope * Double(1 << shift)).rounded())
    // Each end of the line is known to within a step of rounding and, where it is clamped, the slope itself.
    let uncertainty = 2 + 2 * abs(slope)
    let reach = Int(uncertainty * Double(1 << shift)) / max(1, interior(table).count - 1) + 1
    for distance in 0...min(reach, 32000) {
      for multiplier in Set([middle - distance, middle + distance]) where abs(multiplier) <= 32767 {
        if let bias = bias(table, multiplier, shift) { return (Int32(multiplier), Int32(bias), Int32(shift)) }
      }
    }
    return nil
  }

  /// The inputs between the clamps, and one beyond at each end.
  private static func interior(_ table: [UInt8]) -> ClosedRange<Int> {
    let first = table.firstIndex { $0 != table[0] } ?? 1
    let last = table.lastIndex { $0 != table[255] } ?? 254
    return max(0, min(first - 1, last + 1))...min(255, max(first - 1, last + 1))
  }

  /// Rise over run between the clamps; nil for a table that is constant.
  private static func slope(_ table: [UInt8]) -> Double? {
    guard table.contains(where: { $0 != table[0] }) else { return nil }
    let range = interior(table)
    return (Double(table[range.upperBound]) - Double(table[range.lowerBound])) / Double(range.count - 1)
  }

  /// A bias with which the line gives every entry; each entry narrows what it may be.
  private static func bias(_ table: [UInt8], _ multiplier: Int, _ shift: Int) -> Int? {
    var (least, most) = (-(1 << 29) + 1, (1 << 29) - 1)
    for (x, byte) in table.enumerated() {
      if byte > 0 { least = max(least, Int(byte) << shift - x * multiplier) }
      if byte < 255 { most = min(most, (Int(byte) + 1) << shift - 1 - x * multiplier) }
      if least > most { return nil }
    }
    return (least + most) >> 1
  }
}
