/// Hyperbolic sine and cosine and the inverses, by the same means, without loss of digits near 0.
extension Elementary {
  /// With e = e^|x| − 1: (e + e/(e + 1))/2.
  static func hyperbolicSine(_ x: Double) -> Double {
    let power = exponentialMinusOne(abs(x))
    let magnitude = power == .infinity ? power : (power + power / (power + 1)) / 2
    return x < 0 ? -magnitude : x == 0 ? x : magnitude
  }

  static func hyperbolicCosine(_ x: Double) -> Double {
    let power = exponential(abs(x))
    return (power + 1 / power) / 2
  }

  /// log(x + √(x² + 1)).
  static func areaSine(_ x: Double) -> Double {
    let size = abs(x)
    let magnitude =
      size > 0x1p28
      ? logarithm(size) + logarithm(2) : logarithmOfOnePlus(size + size * size / (1 + (1 + size * size).squareRoot()))
    return x < 0 ? -magnitude : x == 0 ? x : magnitude
  }

  /// log(x + √(x² − 1)); NaN below 1.
  static func areaCosine(_ x: Double) -> Double {
    let rest = x - 1
    return x > 0x1p28 ? logarithm(x) + logarithm(2) : logarithmOfOnePlus(rest + (rest * (x + 1)).squareRoot())
  }

  /// Half of log((1 + x)/(1 − x)); NaN beyond −1...1.
  static func areaTangent(_ x: Double) -> Double {
    let magnitude = logarithmOfOnePlus(2 * abs(x) / (1 - abs(x))) / 2
    return x < 0 ? -magnitude : x == 0 ? x : magnitude
  }
}
