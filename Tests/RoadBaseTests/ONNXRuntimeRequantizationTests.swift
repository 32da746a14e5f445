import Foundation
import RoadBase
import Testing

/// The rounding rule of 31-bit multipliers, with and without a part of a unit, against exact real arithmetic.
@Suite struct ONNXRuntimeRequantizationTests {
  @Test("over all scales, the real product's rounding but within a hair of a tie")
  func isTheRealRounding() throws {
    for step in 0..<400 {
      let scale = Double(sign: .plus, exponent: -14 + step % 13, significand: 1 + Double(step) / 400)
      let rest = Double(step % 5) / 4 - 0.5
      let rule = ONNXRuntimeRequantization(
        factor: try #require(ONNXRuntimeFactor(scale: scale, rest: rest)), zeroPoint: 100)
      for byte in -100..<156 {
        let accumulator = ((Double(byte) + 0.37 * Double(step % 3)) / scale).rounded()
        let exact = (accumulator + rest) * scale
        guard abs(exact - exact.rounded(.down) - 0.5) > 0x1p-12 else { continue }
        #expect(Double(rule.apply(Int32(accumulator))) == min(exact.rounded() + 100, 255), "\(accumulator) · \(scale)")
      }
    }
  }

  @Test func tiesGoTowardsPlusInfinity() {
    let quarters = ONNXRuntimeRequantization(factor: ONNXRuntimeFactor(multiplier: 1 << 30), zeroPoint: 100)
    #expect(quarters.apply(2) == 101)
    #expect(quarters.apply(-2) == 100)
    #expect(quarters.apply(-3) == 99)
  }

  @Test func keepsTheLargestSums() {
    let rule = ONNXRuntimeRequantization(factor: ONNXRuntimeFactor(multiplier: .max), zeroPoint: 10, low: 10, high: 200)
    #expect(rule.apply(.max) == 200)
    #expect(rule.apply(.min) == 10)
  }

  @Test func halfAStepAUnitHasNoMultiplier() {
    #expect(ONNXRuntimeFactor(scale: 0.5) == nil)
    #expect(ONNXRuntimeFactor(scale: 3) == nil)
    #expect(ONNXRuntimeFactor(scale: 0.49999) != nil)
  }
}
