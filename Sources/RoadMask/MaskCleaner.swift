import RoadBase

/// Nanoseconds that the steps of ``MaskCleaner`` took.
public struct CleanTimes: Hashable, Sendable {
  public var opening: UInt64 = 0
  public var closing: UInt64 = 0
  /// Small patches of road, and those far from the bottom.
  public var patches: UInt64 = 0
  public var holes: UInt64 = 0
  /// From bytes to bits and back.
  public var conversion: UInt64 = 0

  public init() {}

  public var total: UInt64 { opening + closing + patches + holes + conversion }
}

/// Takes specks of road out of a class map and fills holes in it, in integers.
///
/// The definition. R is the set of the road's pixels; a window of reach r around a pixel are the pixels of the picture
/// at most r rows and columns away. The steps, in order, each left out where its number is 0:
///
/// 1. *opening*: of R stay the windows (cut at the picture's edge) that lie in it wholly, and nothing else.
/// 2. *patches*: parts of R that hang together, by corners too, go where they have fewer pixels than asked for, or none
///    in the lowest rows.
/// 3. *closing*: what no window outside of R reaches comes to it: the opening of what is not road.
/// 4. *holes*: parts of the rest that hang together by their sides come to R where they have fewer pixels than asked
///    for.
///
/// What comes to R becomes road, except pixels without a class (``ClassMap/void``), which stay so. What goes takes the
/// class of the nearest pixel in its row that was no road before, the left one at a tie; in a row that was all road,
/// the new class of the pixel above.
///
/// Works on 64 pixels at a time. Made once for a size; `clean` allocates nothing. One thread uses it at a time.
public final class MaskCleaner {
  public let size: PictureSize
  public let options: CleanOptions
  public let road: UInt8
  /// Of the last map.
  public private(set) var times = CleanTimes()

  private let numbers: CleanOptions.Pixels
  private let before: BitPlane
  private let after: BitPlane
  private let patches: Patches

  /// - Parameter road: the class.
  public init(size: PictureSize, road: UInt8, options: CleanOptions) {
    self.size = size
    self.road = road
    self.options = options
    numbers = options.pixels(of: size)
    before = BitPlane(size: size, reach: 0)
    after = BitPlane(size: size, reach: max(numbers.opening, numbers.closing))
    patches = Patches(size: size)
  }

  public func clean(_ map: ClassMap) {
    guard !options.isOff else { return }
    times.conversion = Self.time {
      before.load(map, of: road)
      after.copy(from: before)
    }
    times.opening = Self.time {
      after.erode(by: numbers.opening)
      after.dilate(by: numbers.opening)
    }
    times.patches = Self.time {
      guard numbers.patch > 0 || numbers.lowestRow > 0 else { return }
      patches.drop(from: after, smallerThan: numbers.patch, endingAbove: numbers.lowestRow, .eight)
    }
    times.closing = Self.time {
      after.dilate(by: numbers.closing)
      after.erode(by: numbers.closing)
    }
    times.holes = Self.time {
      guard numbers.hole > 0 else { return }
      after.invert()
      patches.drop(from: after, smallerThan: numbers.hole, .four)
      after.invert()
    }
    times.conversion += Self.time { write(to: map) }
  }

  private static func time(_ body: () -> Void) -> UInt64 {
    let start = MonotonicClock.now()
    body()
    return MonotonicClock.now() - start
  }

  private func write(to map: ClassMap) {
    guard let bytes = map.bytes.baseAddress else { return }
    for y in 0..<size.height {
      let (old, new) = (before.base + y * before.words, after.base + y * after.words)
      let row = bytes + y * size.width
      for word in 0..<before.words where old[word] & ~new[word] != 0 { takeAway(old, new, word, row, y) }
      for word in 0..<before.words {
        var added = new[word] & ~old[word]
        while added != 0 {
          let x = word &* 64 &+ added.trailingZeroBitCount
          if row[x] != ClassMap.void { row[x] = road }
          added &= added &- 1
        }
      }
    }
  }

  /// The pixels of one word that are no road any more.
  private func takeAway(
    _ old: UnsafeMutablePointer<UInt64>, _ new: UnsafeMutablePointer<UInt64>, _ word: Int,
    _ row: UnsafeMutablePointer<UInt8>, _ y: Int
  ) {
    var gone = old[word] & ~new[word]
    var (left, right) = (0, -1)
    while gone != 0 {
      let x = word &* 64 &+ gone.trailingZeroBitCount
      gone &= gone &- 1
      if x >= right {
        // The run of road that the pixel was in; both ends are no road, or beyond the row.
        right = before.column(of: false, from: x, in: old)
        left = lastColumn(before: x, in: old)
      }
      if left >= 0, right == size.width || x - left <= right - x {
        row[x] = row[left]
      } else if right < size.width {
        row[x] = row[right]
      } else if y > 0 {
        row[x] = (row - size.width)[x]
      }
    }
  }

  /// The last column before `x` whose bit is 0; -1 if there is none.
  private func lastColumn(before x: Int, in row: UnsafeMutablePointer<UInt64>) -> Int {
    var word = x / 64
    var bits = ~row[word] & (UInt64(1) &<< UInt64(x % 64) &- 1)
    while bits == 0 {
      if word == 0 { return -1 }
      word -= 1
      bits = ~row[word]
    }
    return word &* 64 &+ 63 &- bits.leadingZeroBitCount
  }
}
