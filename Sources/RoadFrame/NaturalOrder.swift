/// The order in which people number files: "frame2" before "frame10", other bytes by value.
package enum NaturalOrder {
  package static func precedes(_ a: String, _ b: String) -> Bool {
    var left = Array(a.utf8)[...]
    var right = Array(b.utf8)[...]
    while let x = left.first, let y = right.first {
      if isDigit(x), isDigit(y) {
        let first = number(&left)
        let second = number(&right)
        if first.count != second.count { return first.count < second.count }
        if first != second { return first.lexicographicallyPrecedes(second) }
      } else {
        if x != y { return x < y }
        left.removeFirst()
        right.removeFirst()
      }
    }
    // Equal but for leading zeros: any fixed order will do.
    return left.isEmpty && right.isEmpty ? a < b : left.isEmpty
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// Takes a run of digits, without its leading zeros.
  private static func number(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix(while: isDigit)
    text.removeFirst(digits.count)
    return digits.drop { $0 == 48 }
  }
}
