/// Random numbers by place instead of by turn: the same seed and place give the same number on every machine.
struct SyntheticHash: Sendable {
  let seed: UInt64

  /// SplitMix64's finalizer (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) over the
  /// place.
  @inline(__always)
  func callAsFunction(_ a: Int, _ b: Int = 0, _ c: Int = 0) -> UInt32 {
    var z = seed &+ UInt64(truncatingIfNeeded: a) &* 0x9E37_79B9_7F4A_7C15
    z &+=
      UInt64(truncatingIfNeeded: b) &* 0xD1B5_4A32_D192_ED03 &+ UInt64(truncatingIfNeeded: c) &* 0x8CB9_2BA7_2F3D_8DD7
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return UInt32(truncatingIfNeeded: (z ^ (z >> 31)) >> 16)
  }

  /// In `range`, by place.
  func within(_ range: ClosedRange<Int>, _ a: Int, _ b: Int = 0, _ c: Int = 0) -> Int {
    range.lowerBound + Int(self(a, b, c) % UInt32(range.count))
  }
}

/// A square grey texture that repeats without seams, with its halved, quartered, ... copies for what is far away.
final class SyntheticTexture: @unchecked Sendable {
  /// Side of the largest copy is `1 << bits`.
  let bits: Int
  private let levels: [UnsafeMutablePointer<UInt8>]

  var levelCount: Int { levels.count }

  /// Row-major, side `1 << (bits - level)`.
  @inline(__always)
  func level(_ level: Int) -> UnsafePointer<UInt8> { UnsafePointer(levels[level]) }

  /// - Parameter value: of the texel in column x, row y.
  init(bits: Int, _ value: (Int, Int) -> UInt8) {
    self.bits = bits
    var levels: [UnsafeMutablePointer<UInt8>] = []
    for level in 0...bits {
      let side = 1 << (bits - level)
      let texels = UnsafeMutablePointer<UInt8>.allocate(capacity: side * side)
      for y in 0..<side {
        for x in 0..<side {
          if level == 0 {
            texels[y * side + x] = value(x, y)
          } else {
            let finer = levels[level - 1] + (2 * y) * (2 * side) + 2 * x
            let sum = Int(finer[0]) + Int(finer[1]) + Int(finer[2 * side]) + Int(finer[2 * side + 1])
            texels[y * side + x] = UInt8((sum + 2) / 4)
          }
        }
      }
      levels.append(texels)
    }
    self.levels = levels
  }

  /// Fractal value noise, spread over 0...255.
  ///
  /// - Parameters:
  ///   - cell: texels of the coarsest lattice, a power of two; each octave halves it and its weight.
  convenience init(bits: Int, cell: Int, octaves: Int, hash: SyntheticHash) {
    let side = 1 << bits
    var sums = [Int](repeating: 0, count: side * side)
    for octave in 0..<octaves {
      let size = max(1, cell >> octave)
      for y in 0..<side {
        for x in 0..<side { sums[y * side + x] += Self.lattice(x, y, size, side, octave, hash) >> octave }
      }
    }
    let low = sums.min() ?? 0
    let span = max(1, (sums.max() ?? 1) - low)
    self.init(bits: bits) { x, y in UInt8((sums[y * side + x] - low) * 255 / span) }
  }

  deinit {
    for texels in levels { texels.deallocate() }
  }

  private static func lattice(_ x: Int, _ y: Int, _ size: Int, _ side: Int, _ octave: Int, _ hash: SyntheticHash) -> Int
  {
    let cells = side / size
    let (cx, cy) = (x / size, y / size)
    func corner(_ dx: Int, _ dy: Int) -> Int {
      Int(hash((cx + dx) % cells, (cy + dy) % cells, octave) & 0xFFFF)
    }
    let (wx, wy) = (smooth((x % size) * 256 / size), smooth((y % size) * 256 / size))
    let upper = corner(0, 0) * (256 - wx) + corner(1, 0) * wx
    let lower = corner(0, 1) * (256 - wx) + corner(1, 1) * wx
    return (upper * (256 - wy) + lower * wy) >> 16
  }

  /// 3t² − 2t³ on 0...256.
  static func smooth(_ t: Int) -> Int { (t * t * (3 * 256 - 2 * t)) >> 16 }
}
