import Foundation
import RoadBase
import Testing

@Suite struct Int16RescalingTests {
  /// The definition in arithmetic of another kind: a product of two halves, each exact in 64 bits, divided with floor.
  private func expected(_ rule: Int16Rescaling, _ accumulator: Int64) -> Int64 {
    // acc·m = high·2^31 + low with low in 0..<2^31; s is at least 16.
    let split: Int64 = 1 << 31
    let (upper, lower) = (accumulator >> 31, accumulator & (split - 1))
    let low = lower * rule.multiplier
    let high = upper * rule.multiplier + (low >> 31)
    let rest = low & (split - 1)
    // floor((high·2^31 + rest + 2^(s-1)) / 2^s)
    let quotient: Int64
    if rule.shift <= 31 {
      let part = rest + (1 << (rule.shift - 1))
      quotient = (high << (31 - rule.shift)) + (part >> rule.shift)
    } else {
      let half = Int64(1) << (rule.shift - 32)
      quotient = (high + half) >> (rule.shift - 31)
    }
    return min(max(quotient + rule.zeroPoint, rule.low), rule.high)
  }

  @Test("the rule is its definition, over all magnitudes of the factor and the accumulator")
  func rule() {
    var random = SystemRandomNumberGenerator()
    for exponent in stride(from: -40.0, through: 14.9, by: 0.37) {
      let scale = pow(2, exponent)
      let rule = Int16Rescaling(scale: scale, zeroPoint: -300, range: -32768...32767)
      for bits in 1...45 {
        for sign in [1, -1] {
          let accumulator = Int64(sign) * Int64.random(in: 0..<(1 << bits), using: &random)
          #expect(rule.apply(accumulator) == expected(rule, accumulator), "\(scale), \(accumulator)")
        }
      }
    }
  }

  @Test("ties go up, the clamp is kept, and the result is the real product's rounding to within one")
  func rounding() {
    let half = Int16Rescaling(scale: 0.5, zeroPoint: 0, range: -32768...32767)
    #expect([-3, -1, 1, 3].map { half.apply($0) } == [-1, 0, 1, 2])
    let clamped = Int16Rescaling(scale: 0.5, zeroPoint: 10, range: 10...200)
    #expect([-9, 0, 100, 9000].map { clamped.apply($0) } == [10, 10, 60, 200])
    for scale in [0.3, 1.7, 0.001234, 12345.678] {
      let rule = Int16Rescaling(scale: scale, zeroPoint: 0, range: -32768...32767)
      for accumulator in stride(from: -Int64(32000 / scale), through: Int64(32000 / scale), by: max(Int(64 / scale), 1))
      {
        let real = Double(accumulator) * scale
        #expect(abs(Double(rule.apply(accumulator)) - real) <= 0.5 + 1e-4)
      }
    }
  }

  @Test("16 bits refine 8: every byte is a word, and back")
  func refinement() {
    for zeroPoint in [0, 1, 77, 128, 254, 255] as [UInt8] {
      let bytes = Quantization(scale: 0.037, zeroPoint: zeroPoint)
      let words = Int16Quantization(refining: bytes)
      for byte in 0...255 {
        let word = Int16(257 * byte - 32768)
        #expect(words.quantize(bytes.dequantize(UInt8(byte))) == word)
        #expect(abs(words.dequantize(word) - bytes.dequantize(UInt8(byte))) < 1e-5)
      }
      #expect(words.coarsened.zeroPoint == zeroPoint && abs(words.coarsened.scale - bytes.scale) < 1e-8)
      #expect(words.quantize(.nan) == words.zeroPoint && words.quantize(1e9) == .max && words.quantize(-1e9) == .min)
    }
  }
}
