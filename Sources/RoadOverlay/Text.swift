/// A line of ASCII in memory of its own that is written again and again without allocation; what does not fit is cut
/// off.
package final class Text: @unchecked Sendable {
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  package private(set) var count = 0

  package init(capacity: Int) {
    bytes = .allocate(capacity: capacity)
    bytes.initialize(repeating: 0)
  }

  package convenience init(_ string: String) {
    self.init(capacity: max(1, string.unicodeScalars.count))
    append(string)
  }

  deinit { bytes.deallocate() }

  package subscript(index: Int) -> UInt8 { bytes[index] }

  package func clear() { count = 0 }

  package func append(_ byte: UInt8) {
    guard count < bytes.count else { return }
    bytes[count] = byte
    count += 1
  }

  /// Characters beyond ASCII become question marks.
  package func append(_ string: String) {
    for scalar in string.unicodeScalars {
      append((32...126).contains(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : UInt8(ascii: "?"))
    }
  }

  package func append(number: UInt64) {
    var divisor: UInt64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
      divisor /= 10
    }
  }

  /// With one digit after the point: 297 → "29.7".
  package func append(tenths: UInt64) {
    append(number: tenths / 10)
    append(UInt8(ascii: "."))
    append(number: tenths % 10)
  }

  /// With two digits after the point: 12 → "0.12".
  package func append(hundredths: UInt64) {
    append(number: hundredths / 100)
    append(UInt8(ascii: "."))
    append(number: hundredths / 10 % 10)
    append(number: hundredths % 10)
  }

  /// Cuts the text to what `width` pixels hold, ending in two points where something was cut.
  func shorten(to width: Int, with lettering: Lettering) {
    guard lettering.width(of: self) > width else { return }
    while count > 2 {
      count -= 1
      bytes[count - 1] = UInt8(ascii: ".")
      bytes[count - 2] = UInt8(ascii: ".")
      if lettering.width(of: self) <= width { return }
    }
  }
}
