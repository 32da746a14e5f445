import Glibc

/// Names of the files of a recording: `road-000042-20261129T020233Z.mcap`.
///
/// The number counts up over all files that a folder ever held, so that names sort in the order of their making even
/// where the clock is wrong: a board without a battery wakes up in 1970.
public struct SegmentName: Hashable, Comparable, Sendable {
  public var number: Int
  /// Seconds since 1970 at the start, by a clock that may be wrong.
  public var seconds: UInt64

  public static let ending = ".mcap"
  package static let prefix = "road-"
  package static let digits = 6
  /// No folder ever holds so many: files with larger numbers are somebody else's.
  package static let largestNumber = 1 << 48

  package init(number: Int, seconds: UInt64) {
    self.number = number
    self.seconds = seconds
  }

  /// Nil for other files.
  package init?(_ name: String) {
    guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.ending) else { return nil }
    let parts = name.dropFirst(Self.prefix.count).dropLast(Self.ending.count).split(separator: "-")
    guard parts.count == 2, parts[0].count >= Self.digits, let number = Int(parts[0]),
      (0...Self.largestNumber).contains(number), let seconds = Self.seconds(String(parts[1]))
    else { return nil }
    self.init(number: number, seconds: seconds)
  }

  public var text: String {
    let digits = String(number)
    let zeros = String(repeating: "0", count: max(0, Self.digits - digits.count))
    return "\(Self.prefix)\(zeros)\(digits)-\(Self.time(seconds))\(Self.ending)"
  }

  public static func < (left: Self, right: Self) -> Bool { left.number < right.number }

  /// "20261129T020233Z"
  package static func time(_ seconds: UInt64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func padded(_ value: Int32, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let date = padded(parts.tm_year + 1900, 4) + padded(parts.tm_mon + 1, 2) + padded(parts.tm_mday, 2)
    return "\(date)T\(padded(parts.tm_hour, 2))\(padded(parts.tm_min, 2))\(padded(parts.tm_sec, 2))Z"
  }

  /// Of "20261129T020233Z"; nil for anything else.
  private static func seconds(_ text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
    func number(_ range: Range<Int>) -> Int32? {
      bytes[range].reduce(0 as Int32?) { value, digit in
        guard let value, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
        return 10 * value + Int32(digit - UInt8(ascii: "0"))
      }
    }
    guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
      let minute = number(11..<13), let second = number(13..<15)
    else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
    let seconds = timegm(&parts)
    return seconds < 0 ? nil : UInt64(seconds)
  }
}
