import RoadBase

/// A plane of bits, 64 pixels a word, the lowest bit leftmost. Bits behind the end of a row are 0.
///
/// Made once for a size; nothing is allocated afterwards. One thread uses it at a time.
final class BitPlane {
  let size: PictureSize
  /// Of a row.
  let words: Int
  let base: UnsafeMutablePointer<UInt64>

  /// Rows of zeros below the picture, so that a window may reach beyond it.
  private let reach: Int
  /// One row with zeros behind it, for the same reason.
  private let line: UnsafeMutablePointer<UInt64>
  private let lineWords: Int
  /// Of the last word of a row, the bits that are pixels.
  private let lastWord: UInt64

  /// - Parameter reach: the most that `dilate` and `erode` are asked for.
  init(size: PictureSize, reach: Int) {
    self.size = size
    self.reach = reach
    words = (size.width + 63) / 64
    lineWords = words + reach / 64 + 2
    lastWord = size.width % 64 == 0 ? .max : 1 << UInt64(size.width % 64) - 1
    base = .allocate(capacity: words * (size.height + reach))
    base.initialize(repeating: 0, count: words * (size.height + reach))
    line = .allocate(capacity: lineWords)
    line.initialize(repeating: 0, count: lineWords)
  }

  deinit {
    base.deallocate()
    line.deallocate()
  }

  /// One bit a pixel of the class.
  func load(_ map: ClassMap, of class: UInt8) {
    precondition(map.size == size, "class map \(map.size), planned for \(size)")
    guard let bytes = map.bytes.baseAddress else { return }
    let pattern = UInt64(`class`) &* 0x0101_0101_0101_0101
    for y in 0..<size.height {
      let (row, target) = (bytes + y * size.width, base + y * words)
      for word in 0..<words {
        var bits: UInt64 = 0
        let first = word * 64
        var x = first
        let end = min(first + 64, size.width)
        while x + 8 <= end {
          let eight = UnsafeRawPointer(row + x).loadUnaligned(as: UInt64.self).littleEndian ^ pattern
          bits |= Self.zeroBytes(eight) &<< UInt64(x - first)
          x += 8
        }
        while x < end {
          if row[x] == `class` { bits |= 1 &<< UInt64(x - first) }
          x += 1
        }
        target[word] = bits
      }
    }
  }

  /// Bit i is 1 where byte i is 0.
  @inline(__always)
  private static func zeroBytes(_ eight: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let isZero = ~(((eight & low) &+ low) | eight | low) &>> 7
    return (isZero &* 0x0102_0408_1020_4080) &>> 56
  }

  func copy(from other: BitPlane) {
    precondition(size == other.size, "copy of \(other.size) into \(size)")
    base.update(from: other.base, count: words * size.height)
  }

  func invert() {
    for y in 0..<size.height {
      let row = base + y * words
      for word in 0..<words { row[word] = ~row[word] }
      row[words - 1] &= lastWord
    }
  }

  /// Each bit becomes 1 where any within `reach` rows and columns is; outside of the picture there is none.
  func dilate(by reach: Int) {
    precondition((0...self.reach).contains(reach), "a reach of \(reach), planned for \(self.reach)")
    guard reach > 0 else { return }
    for y in 0..<size.height { dilate(row: base + y * words, by: reach) }
    dilateColumns(by: reach)
  }

  /// Each bit stays 1 where all within `reach` rows and columns of the picture are: its edge takes nothing away.
  func erode(by reach: Int) {
    guard reach > 0 else { return }
    invert()
    dilate(by: reach)
    invert()
  }

  /// Windows of pixels to the left grow by doubling, then the row moves back by the reach, so that they lie around.
  private func dilate(row: UnsafeMutablePointer<UInt64>, by reach: Int) {
    line.update(from: row, count: words)
    (line + words).update(repeating: 0, count: lineWords - words)
    Self.eachShift(reach) { shift in
      let (whole, part) = (shift / 64, UInt64(shift % 64))
      var word = lineWords - 1
      while word >= whole {
        let below = word > whole ? line[word - whole - 1] : 0
        line[word] |= line[word - whole] &<< part | (part == 0 ? 0 : below &>> (64 - part))
        word -= 1
      }
    }
    let (whole, part) = (reach / 64, UInt64(reach % 64))
    for word in 0..<words {
      let (low, high) = (line[word + whole], line[word + whole + 1])
      row[word] = part == 0 ? low : low &>> part | high &<< (64 - part)
    }
    row[words - 1] &= lastWord
  }

  private func dilateColumns(by reach: Int) {
    let (rows, words) = (size.height + reach, words)
    (base + size.height * words).update(repeating: 0, count: reach * words)
    Self.eachShift(reach) { shift in
      var index = rows * words
      while index > shift * words {
        index -= 1
        base[index] |= base[index - shift * words]
      }
    }
    for index in 0..<size.height * words { base[index] = base[index + reach * words] }
  }

  /// The shifts that make a window of `2 · reach + 1` out of one of 1.
  private static func eachShift(_ reach: Int, _ body: (Int) -> Void) {
    var window = 1
    while window < 2 * reach + 1 {
      let shift = min(window, 2 * reach + 1 - window)
      body(shift)
      window += shift
    }
  }

  /// The first column from `x` on whose bit is `bit`; the row's width if there is none.
  @inline(__always)
  func column(of bit: Bool, from x: Int, in row: UnsafeMutablePointer<UInt64>) -> Int {
    guard x < size.width else { return size.width }
    var word = x / 64
    var bits = (bit ? row[word] : ~row[word]) & (UInt64.max &<< UInt64(x % 64))
    while bits == 0 {
      word += 1
      if word == words { return size.width }
      bits = bit ? row[word] : ~row[word]
    }
    return min(word &* 64 &+ bits.trailingZeroBitCount, size.width)
  }

  /// Sets the pixels `start ..< end` of a row to 0.
  func clear(_ row: UnsafeMutablePointer<UInt64>, from start: Int, to end: Int) {
    guard start < end else { return }
    let (first, last) = (start / 64, (end - 1) / 64)
    let (head, tail) = (UInt64.max &<< UInt64(start % 64), UInt64.max &>> UInt64(63 - (end - 1) % 64))
    if first == last {
      row[first] &= ~(head & tail)
      return
    }
    row[first] &= ~head
    for word in first + 1..<last { row[word] = 0 }
    row[last] &= ~tail
  }
}
