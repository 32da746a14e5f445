import RoadBase
import Testing

/// Against the processor's own floats.
@Suite struct Binary32Tests {
  /// Exponents 20 apart at most, so that sums cancel and halves occur; a third with few bits.
  private static func number(_ random: inout SystemRandomNumberGenerator) -> Float {
    let bits = Int32.random(in: 0..<1 << 24, using: &random) >> Int32.random(in: 0...23, using: &random)
    let sign: Float = Bool.random(using: &random) ? 1 : -1
    return sign * Float(bits)
      * Float(sign: .plus, exponent: Int.random(in: -30 ... -10, using: &random), significand: 1)
  }

  @Test func arithmetic() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200_000 {
      let (a, b) = (Self.number(&random), Self.number(&random))
      #expect(Binary32(a) + Binary32(b) == Binary32(a + b), "\(a) + \(b)")
      #expect(Binary32(a) * Binary32(b) == Binary32(a * b), "\(a) · \(b)")
      if b != 0 { #expect(Binary32(a) / Binary32(b) == Binary32(a / b), "\(a) / \(b)") }
    }
  }

  @Test func farApart() {
    for exponent in 20...60 {
      let small = Float(sign: .plus, exponent: -exponent, significand: 1.5)
      for one in [1, -1, 1.5, Float(1).nextUp, Float(1).nextDown] {
        #expect(Binary32(one) + Binary32(small) == Binary32(one + small))
        #expect(Binary32(small) + Binary32(-one) == Binary32(small - one))
      }
    }
  }

  @Test func integers() {
    var random = SystemRandomNumberGenerator()
    for steps in -2048...2048 {
      for number in [Float(steps) / 4, (Float(steps) / 4).nextUp, (Float(steps) / 4).nextDown] {
        #expect(Binary32(number).nearestInteger == Int64(number.rounded(.toNearestOrEven)), "\(number)")
      }
    }
    for _ in 0..<10_000 {
      let number = Self.number(&random) * 4096
      #expect(Binary32(number).nearestInteger == Int64(number.rounded(.toNearestOrEven)), "\(number)")
    }
  }

  @Test func smallest() {
    #expect(Binary32(Float.leastNonzeroMagnitude) * Binary32(0x1p100) == Binary32(.leastNonzeroMagnitude * 0x1p100))
    #expect(Binary32(0) == Binary32(-0.0))
  }
}
