/// Exponential, logarithm and their kin in binary64, by operations that IEEE 754 defines to the last bit.
///
/// Every board gets the same bits from these, whatever its C library: + − × ÷, comparisons and moves of bits, in the
/// order written here (Swift never contracts a product and a sum into one operation). The relative error is below
/// 2^-42, tested against values of 60 digits; results under 2^-1021 are zero.
enum Elementary {
  private static let log2: (high: Double, low: Double) = (0x1.62e42fefa2p-1, 0x1.9ef35793c7673p-41)
  /// Added and subtracted: rounds numbers under 2^51 to integers, ties to even.
  private static let integers = 0x1.8p52

  /// e^x = 2^k · e^r, |r| ≤ ½·log 2, with r's power series.
  static func exponential(_ x: Double) -> Double {
    guard x < 709 else { return x.isNaN ? x : .infinity }
    guard x > -708 else { return 0 }
    let k = x * 1.4426950408889634 + integers - integers
    let r = x - k * log2.high - k * log2.low
    var sum = 1.0
    for divisor in exponentialDivisors { sum = 1 + r * divisor * sum }
    return sum * Double(bitPattern: UInt64(Int64(k) + 1023) << 52)
  }

  /// 1/14, 1/13, … 1: Horner's scheme of the series.
  private static let exponentialDivisors = (1...14).reversed().map { 1 / Double($0) }

  /// e^x − 1 without its loss of digits near 0 (W. Kahan): the errors of e^x and of its logarithm cancel.
  static func exponentialMinusOne(_ x: Double) -> Double {
    let power = exponential(x)
    if power == 1 { return x }
    let difference = power - 1
    return difference == -1 || power == .infinity ? difference : difference * (x / logarithm(power))
  }

  /// x = 2^k · m, √½ ≤ m < √2: k·log 2 + 2·artanh((m − 1)/(m + 1)).
  static func logarithm(_ x: Double) -> Double {
    guard x > 0, x < .infinity else { return x == 0 ? -.infinity : x > 0 ? x : .nan }
    var (m, k) = (x.significand, Double(x.exponent))
    if m > 1.4142135623730951 { (m, k) = (m / 2, k + 1) }
    let s = (m - 1) / (m + 1)
    let square = s * s
    var sum = 0.0
    for divisor in artanhDivisors { sum = sum * square + divisor }
    return k * log2.high + (k * log2.low + 2 * s * sum)
  }

  /// 1/25, 1/23, … 1.
  private static let artanhDivisors = (0...12).reversed().map { (index: Int) -> Double in
    1 / Double(2 * index + 1)
  }

  /// log(1 + x) for x > −1, as above.
  static func logarithmOfOnePlus(_ x: Double) -> Double {
    let sum = 1 + x
    return sum == 1 || sum == .infinity ? x : logarithm(sum) * (x / (sum - 1))
  }

  static func hyperbolicTangent(_ x: Double) -> Double {
    guard abs(x) < 20 else { return x.isNaN ? x : x < 0 ? -1 : 1 }
    let power = exponentialMinusOne(2 * abs(x))
    let magnitude = power / (power + 2)
    return x < 0 ? -magnitude : x == 0 ? x : magnitude
  }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }

  /// log(1 + e^x), which never overflows so.
  static func softplus(_ x: Double) -> Double { logarithmOfOnePlus(exponential(-abs(x))) + max(x, 0) }

  static func errorFunction(_ x: Double) -> Double {
    if abs(x) < 0.5 { return errorSeries(x) }
    let rest = complementaryTail(abs(x))
    return x < 0 ? rest - 1 : x.isNaN ? x : 1 - rest
  }

  /// 1 − erf(x), with all its digits where it is small.
  static func complementaryErrorFunction(_ x: Double) -> Double {
    if abs(x) < 0.5 { return 1 - errorSeries(x) }
    let rest = complementaryTail(abs(x))
    return x < 0 ? 2 - rest : rest
  }

  /// 2/√π · Σ (−1)^n x^(2n+1) / (n!·(2n+1)), |x| < ½.
  private static func errorSeries(_ x: Double) -> Double {
    let square = x * x
    var sum = 0.0
    for coefficient in errorCoefficients { sum = sum * square + coefficient }
    return x * sum
  }

  private static let errorCoefficients: [Double] = {
    var (coefficients, power): ([Double], Double) = ([], 1.1283791670955126)
    for n in 0...13 {
      coefficients.append(power / Double(2 * n + 1))
      power /= -Double(n + 1)
    }
    return coefficients.reversed()
  }()

  /// t · e^(−x²) · P(t), t = 2/(2 + x), for x ≥ ½.
  private static func complementaryTail(_ x: Double) -> Double {
    guard x < 12 else { return x.isNaN ? x : 0 }
    let t = 2 / (2 + x)
    var sum = 0.0
    for coefficient in tailCoefficients { sum = sum * t + coefficient }
    return t * exponential(-x * x) * sum
  }

  /// Chebyshev's fit of erfc(x)·e^(x²)/t over t = 0.14 … 0.8, made with 40 digits; error 2^-54.
  private static let tailCoefficients: [Double] = [
    -0.009357423357018113, 0.017740399903026078, 0.2700521305923747, -1.7749447653158636, 5.4105124419514405,
    -10.286886813849272, 13.341607307608424, -12.244662648393454, 8.151273330108431, -4.1381061696383075,
    1.732046351141732, -0.5363390727790553, 0.07976890380398445, -0.08294972783112523, -0.0004055823012651879,
    0.0832822166352578, 0.17634882587359746, 0.24683061343101767, 0.2820948762880963, 0.28209479035125634,
  ]

  /// |x|^y with the sign and the special cases of IEEE 754's pow.
  static func power(_ x: Double, _ y: Double) -> Double {
    if y == 0 || x == 1 { return 1 }
    if x.isNaN || y.isNaN { return .nan }
    let isInteger = y == y.rounded(.towardZero)
    if x < 0, x.isFinite, !isInteger { return .nan }
    let isOdd = isInteger && abs(y) < 0x1p53 && Int(y) & 1 == 1
    let magnitude = abs(x) == 1 ? 1 : exponential(y * logarithm(abs(x)))
    return x.sign == .minus && isOdd ? -magnitude : magnitude
  }
}
