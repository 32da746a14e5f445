/// Sine, cosine, tangent and their inverses, by the same means.
extension Elementary {
  static func sine(_ x: Double) -> Double { turned(x, by: 0) }
  static func cosine(_ x: Double) -> Double { turned(x, by: 1) }
  static func tangent(_ x: Double) -> Double { sine(x) / cosine(x) }

  /// NaN beyond −1...1.
  static func arcSine(_ x: Double) -> Double { arcTangent(x / ((1 - x) * (1 + x)).squareRoot()) }
  /// Likewise. Twice the angle whose tangent is √((1 − x)/(1 + x)): no digits are lost near 1.
  static func arcCosine(_ x: Double) -> Double { 2 * arcTangent(((1 - x) / (1 + x)).squareRoot()) }

  /// Of numbers above 1 a right angle less that of 1/x; then two halvings of the angle, to 0.2 at most, and the series.
  static func arcTangent(_ x: Double) -> Double {
    guard abs(x) <= 1 else { return x.isNaN ? x : (x < 0 ? -quarterTurn : quarterTurn) - arcTangent(1 / x) }
    var tangent = x
    for _ in 0..<2 { tangent /= 1 + (1 + tangent * tangent).squareRoot() }
    let square = tangent * tangent
    var sum = 0.0
    for divisor in arcTangentDivisors { sum = divisor - square * sum }
    return 4 * tangent * sum
  }

  private static let quarterTurn = 0x1.921fb54442d18p+0
  /// 1/31, 1/29, … 1.
  private static let arcTangentDivisors = (0...15).reversed().map { (index: Int) -> Double in
    1 / Double(2 * index + 1)
  }

  /// The sine of `x` and a number of quarter turns. Beyond 2^20 its absolute error is up to 2^-32; beyond 2^40, where
  /// binary32 numbers lie thousands of turns apart, it is NaN.
  private static func turned(_ x: Double, by quarters: Int) -> Double {
    guard abs(x) <= 0x1p40 else { return .nan }
    let (quarter, rest) = reduced(x)
    let value = (quarter + quarters) & 1 == 0 ? sineSeries(rest) : cosineSeries(rest)
    return (quarter + quarters) & 2 == 0 ? value : -value
  }

  /// x = quarter · π/2 + rest, |rest| ≤ π/4.
  private static func reduced(_ x: Double) -> (quarter: Int, rest: Double) {
    // Products with the first two parts of π/2 are exact while k has 20 bits: larger numbers lose 2^20 quarter turns at
    // a time first.
    var (rest, quarter) = (x, 0)
    for unit in [0x1p20, 1.0] {
      let k = (rest * (0.6366197723675814 / unit)).rounded()
      rest = ((rest - k * unit * halfPi.0) - k * unit * halfPi.1) - k * unit * halfPi.2
      quarter += unit == 1 ? Int(k) : 0
    }
    return (quarter, rest)
  }

  /// π/2 in three parts, the first two of 33 bits.
  private static let halfPi = (0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69)

  private static func sineSeries(_ r: Double) -> Double {
    let square = r * r
    var sum = 1.0
    for n in stride(from: 18, through: 2, by: -2) { sum = 1 - square / Double(n * (n + 1)) * sum }
    return r * sum
  }

  private static func cosineSeries(_ r: Double) -> Double {
    let square = r * r
    var sum = 1.0
    for n in stride(from: 18, through: 2, by: -2) { sum = 1 - square / Double(n * (n - 1)) * sum }
    return sum
  }
}
