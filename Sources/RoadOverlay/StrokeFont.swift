/// Our own letters as pen strokes, so that they can be drawn smoothly at any size.
///
/// A glyph is a list of strokes divided by blanks, a stroke a chain of points of two characters: x from 0 to 8, and y
/// from `a` (top of capitals) over `d` (top of small letters) and `k` (baseline) to `n` (bottom of descenders). One
/// point twice is a dot.
package enum StrokeFont {
  /// Units from the top of capitals to the baseline, and on to the bottom of descenders.
  static let capHeight = 10
  static let fullHeight = 13
  /// Free units between letters, and the width of a blank.
  static let gap = 3
  static let blank = 4
  /// Digits all take the same width, so that numbers do not dance.
  static let digitWidth = 6

  /// For ASCII 33...126, in order.
  package static let glyphs = [
    "0a0g 0k0k", "0a0c 2a2c", "2a1k 5a4k 0d6d 0h6h", "6c4b2b0c0d2f4f6h6i4j2j0i 3a3k", "6a0k 0b1a2b1c0b 4j5i6j5k4j",
    "6k1d1b2a3a4b4c0g0i2k3k6g", "0a0c", "2a0d0i2l", "0a2d2i0l", "2c2i 0d4h 4d0h", "3c3i 0f6f", "1j0m", "0f4f", "0k0k",
    "0l5a",
    "2a4a6c6i4k2k0i0c2a", "1c3a3k 1k5k", "0c2a4a6c6d5f0k6k", "0b1a4a6b6d4e2e 4e6g6i4k1k0j", "4k4a0h6h",
    "5a0a0e4e6g6i4k1k0j", "5a3a0d0i2k4k6i6g4e2e0g", "0a6a2k", "2e0d0b2a4a6b6d4e2e0g0i2k4k6i6g4e",
    "1k3k6h6c4a2a0c0e2g4g6e",
    "0e0e 0j0j", "1e1e 1j0m", "4c0f4i", "0e5e 0h5h", "0c4f0i", "0b1a3a5b5d3f3g 3k3k", "6h4h4d2d2h4h 6h6c4a2a0c0i2k5k",
    "0k3a6k 1h5h", "0k0a4a5b5d4e0e 4e6g6i4k0k", "6c4a2a0c0i2k4k6i", "0a0k4k6i6c4a0a", "6a0a0k6k 0e5e", "6a0a0k 0e5e",
    "6c4a2a0c0i2k4k6i6f4f", "0a0k 6a6k 0e6e", "0a2a 1a1k 0k2k", "5a5i3k2k0i", "0a0k 6a0g 2e6k", "0a0k5k",
    "0k0a3f6a6k", "0k0a6k6a", "2a4a6c6i4k2k0i0c2a", "0k0a5a6b6e5f0f", "2a4a6c6i4k2k0i0c2a 4h6l", "0k0a5a6b6e5f0f 3f6k",
    "6b5a2a0b0d1e5f6g6i4k1k0j", "0a6a 3a3k", "0a0i2k4k6i6a", "0a3k6a", "0a2k4c6k8a", "0a6k 6a0k", "0a3e6a 3e3k",
    "0a6a0k6k",
    "2a0a0l2l", "0a5l", "0a2a2l0l", "0c2a4c", "0l6l", "0a1c",
    "1d3d5f5k 5g2g0h0j1k3k5i", "0a0k 0f2d3d5f5i3k2k0i", "5e4d2d0f0i2k4k5j", "5a5k 5f3d2d0f0i2k3k5i",
    "0g5g5f3d2d0f0i2k4k5j", "4a3a2c2k 0d4d", "5d5l3n1n 5f3d2d0f0i2k3k5i", "0a0k 0f2d3d5f5k", "0d0k 0a0a",
    "2d2l1n0n 2a2a", "0a0k 5d0h 2g5k", "0a0j1k", "0d0k 0f2d3d4f4k 4f6d7d8f8k", "0d0k 0f2d3d5f5k",
    "2d3d5f5i3k2k0i0f2d", "0d0n 0f2d3d5f5i3k2k0i", "5d5n 5f3d2d0f0i2k3k5i", "0d0k 0f2d4d",
    "5e4d1d0e0f1g4g5h5j4k1k0j", "2a2i3k4k 0d4d", "0d0i2k3k5i 5d5k", "0d3k6d", "0d2k4e6k8d", "0d5k 5d0k",
    "0d3k 6d3k2n0n", "0d5d0k5k",
    "3a2a1b1e0f1g1k2l3l", "0a0l", "0a1a2b2e3f2g2k1l0l", "0g1f2f4g5g6f",
  ]

  struct Stroke {
    var x0: Double
    var y0: Double
    var x1: Double
    var y1: Double
  }

  /// The strokes of an ASCII character in units, and how wide it is; anything else is drawn as a question mark.
  static func glyph(_ character: UInt8) -> (strokes: [Stroke], width: Int) {
    if character == UInt8(ascii: " ") { return ([], blank) }
    let known = 33...126
    let index = known.contains(Int(character)) ? Int(character) - 33 : Int(UInt8(ascii: "?")) - 33
    var strokes: [Stroke] = []
    var width = 0
    for chain in glyphs[index].utf8.split(separator: UInt8(ascii: " ")) {
      let bytes = Array(chain)
      let points = stride(from: 0, to: bytes.count, by: 2).map {
        (x: Int(bytes[$0]) - Int(UInt8(ascii: "0")), y: Int(bytes[$0 + 1]) - Int(UInt8(ascii: "a")))
      }
      width = max(width, points.map(\.x).max() ?? 0)
      for (first, second) in zip(points, points.dropFirst()) {
        strokes.append(
          Stroke(x0: Double(first.x), y0: Double(first.y), x1: Double(second.x), y1: Double(second.y)))
      }
    }
    let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
    return (strokes, isDigit ? digitWidth : width)
  }
}
