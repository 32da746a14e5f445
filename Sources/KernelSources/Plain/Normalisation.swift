import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder); loops become vectors of its own
// width.

/// ``NormalisationArguments`` as they are defined: one root and one division a pixel.
@inline(__always)
func normalisation(_ pointer: UnsafePointer<NormalisationArguments>, _ firstRow: Int, _ endRow: Int) {
  let arguments = pointer.pointee
  let channels = arguments.source.channels
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = UnsafePointer(arguments.source.pixel(y, x))
      let to = arguments.destination.pixel(y, x)
      let scores = StandardScores(from, channels, arguments.spread)
      if arguments.isByColumn {
        let (gain, offset) = (arguments.gains[x], arguments.offsets[x])
        for channel in 0..<channels { to[channel] = arguments.level(scores[from[channel]], gain, offset) }
      } else {
        for channel in 0..<channels {
          to[channel] = arguments.level(scores[from[channel]], arguments.gains[channel], arguments.offsets[channel])
        }
      }
    }
  }
}

extension NormalisationArguments {
  @inline(__always)
  fileprivate func level(_ score: Int64, _ gain: Int64, _ offset: Int64) -> UInt8 {
    let level = (score &* gain &+ offset &+ 1 &<< 31) &>> 32 &+ Int64(zeroPoint)
    return UInt8(truncatingIfNeeded: min(max(level, Int64(low)), Int64(high)))
  }
}

/// What makes the standard score of a pixel's byte, in units of 2^-16.
private struct StandardScores {
  private let channels: Int64
  private let sum: Int64
  /// `I`, 0 where all bytes are alike and nothing is added.
  private let inverse: Int64
  /// `t`
  private let shift: Int64

  @inline(__always)
  init(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ spread: Int64) {
    var (sum, squares): (Int64, Int64) = (0, 0)
    // In stretches of which 32 bits hold the squares.
    for start in stride(from: 0, to: count, by: 1 << 15) {
      var (part, partSquares): (UInt32, UInt32) = (0, 0)
      for index in start..<min(count, start &+ 1 &<< 15) {
        let byte = UInt32(bytes[index])
        part &+= byte
        partSquares &+= byte &* byte
      }
      sum &+= Int64(part)
      squares &+= Int64(partSquares)
    }
    channels = Int64(count)
    self.sum = sum
    let variance = channels &* squares &- sum &* sum &+ spread
    guard variance > 0 else {
      (inverse, shift) = (0, 46)
      return
    }
    let evened = Int64((variance.leadingZeroBitCount - 2) & ~1)
    inverse = Int64((1 << 62) / root(UInt64(variance &<< evened)))
    shift = 46 &- evened / 2
  }

  @inline(__always)
  subscript(byte: UInt8) -> Int64 {
    ((channels &* Int64(byte) &- sum) &* inverse &+ (1 &<< (shift &- 1))) &>> shift
  }
}

/// The largest integer whose square is not above `number`, 2^60 ..< 2^62: by Newton's rule from a line that is nowhere
/// more than 3 % off, after three turns within one of it.
@inline(__always)
private func root(_ number: UInt64) -> UInt64 {
  // √x ≈ 0.343·x + 0.686 for 1 ≤ x < 4, x in units of 2^60.
  var root = (number &>> 30 &* 351) &>> 10 &+ 736_586_891
  for _ in 0..<3 { root = (root &+ number / root) &>> 1 }
  if root &* root > number { root &-= 1 }
  if (root &+ 1) &* (root &+ 1) <= number { root &+= 1 }
  return root
}
