/// By least squares in whole numbers: m = a + b z + c z², asked for at z = 0. Places count by one over the square of
/// their distance, as a pixel's error grows with it.
package struct ParabolaFit {
  /// Millimetres ahead up to which places count.
  static let farthest: Int32 = 20_500
  /// Middles are cut to ± so many millimetres: no product leaves 127 bits.
  private static let largest: Int32 = 32_767
  private static let fewest = 5
  /// A beginning farther away, in millimetres, tells nothing of where the camera is.
  private static let latestBeginning: Int32 = 12_000

  private var count = 0
  private var first: Int32 = 0
  /// Sums of weight · z^n, and of weight · z^n · m; z in centimetres.
  private var s: (Int128, Int128, Int128, Int128, Int128) = (0, 0, 0, 0, 0)
  private var m: (Int128, Int128, Int128) = (0, 0, 0)

  package init() {}

  /// - Parameter distance: millimetres, rising from one to the next; at least 100.
  package mutating func add(_ middle: Int32, at distance: Int32) {
    let z = Int(distance + 5) / 10
    let weight = (1 << 26) / (z * z)
    if count == 0 { first = distance }
    count += 1
    let value = Int128(min(max(middle, -Self.largest), Self.largest))
    let (w0, w1, w2) = (Int128(weight), Int128(weight * z), Int128(weight * z * z))
    s.0 += w0
    s.1 += w1
    s.2 += w2
    s.3 += w2 * Int128(z)
    s.4 += w2 * Int128(z * z)
    m.0 += w0 * value
    m.1 += w1 * value
    m.2 += w2 * value
  }

  /// The value at the camera, rounded to whole millimetres; nil where too little was added.
  package var start: Int32? {
    guard count >= Self.fewest, first <= Self.latestBeginning else { return nil }
    let minor = s.2 * s.4 - s.3 * s.3
    var determinant = s.0 * minor - s.1 * (s.1 * s.4 - s.2 * s.3) + s.2 * (s.1 * s.3 - s.2 * s.2)
    var above = m.0 * minor - s.1 * (m.1 * s.4 - s.3 * m.2) + s.2 * (m.1 * s.3 - s.2 * m.2)
    guard determinant > 0 else { return nil }
    // Words of 64 bits are enough for a quotient of 16, and every processor divides them.
    while determinant >= 1 << 61 || above.magnitude >= 1 << 61 {
      determinant >>= 1
      above >>= 1
    }
    let (divisor, dividend) = (max(Int(determinant), 1), Int(above))
    return Int32(clamping: (dividend + (dividend < 0 ? -divisor / 2 : divisor / 2)) / divisor)
  }
}
