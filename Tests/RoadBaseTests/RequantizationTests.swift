import Foundation
import RoadBase
import Testing

/// The definition against exact real arithmetic: at most 1 away, seldom, and ties where the text says.
@Suite struct RequantizationTests {
  @Test(arguments: [0.9, 0.31, 0.125, 0.0624, 0.01, 0.00123, 3.1e-5, 1.0 / 4096])
  func differsFromRealRoundingByAtMostOne(scale: Double) throws {
    let factors = try #require(Requantization.factors(for: scale))
    let requantization = Requantization(shift: factors.shift, multiplier: factors.multiplier, zeroPoint: 128)
    let span = Int(140 / scale)
    var different = 0
    var tried = 0
    for accumulator in stride(from: -span, through: span, by: max(1, span / 50_000)) {
      let exact = (Double(accumulator) * scale).rounded(.toNearestOrAwayFromZero) + 128
      let ours = Double(requantization.apply(Int32(accumulator)))
      let clamped = min(max(exact, 0), 255)
      #expect(abs(ours - clamped) <= 1, "accumulator \(accumulator)")
      different += ours == clamped ? 0 : 1
      tried += 1
    }
    #expect(Double(different) / Double(tried) < 0.13)
  }

  @Test func tiesGoTowardsPlusInfinity() {
    let halves = Requantization(shift: 0, multiplier: 1 << 14, zeroPoint: 100)
    #expect(halves.apply(1) == 101)
    #expect(halves.apply(-1) == 100)
    #expect(halves.apply(3) == 102)
    #expect(halves.apply(-3) == 99)
    let shifted = Requantization(shift: 4, multiplier: 32767, zeroPoint: 100)
    #expect(shifted.apply(8) == 101)
    #expect(shifted.apply(-8) == 100)
    #expect(shifted.apply(-9) == 99)
  }

  @Test func saturatesInsteadOfWrapping() {
    let identity = Requantization(shift: 0, multiplier: 32767, zeroPoint: 10, low: 10, high: 200)
    #expect(identity.apply(1 << 24) == 200)
    #expect(identity.apply(-(1 << 24)) == 10)
  }

  @Test("over all scales, about one byte in a hundred differs from the real product's rounding")
  func differsSeldom() throws {
    var (different, tried) = (0, 0)
    for step in 0..<400 {
      let scale = Double(sign: .plus, exponent: -14 + step % 10, significand: 1 + Double(step) / 400)
      let factors = try #require(Requantization.factors(for: scale))
      let requantization = Requantization(shift: factors.shift, multiplier: factors.multiplier)
      for byte in 0..<100 {
        let accumulator = ((Double(byte) + 0.37 * Double(step % 3)) / scale).rounded()
        let exact = (accumulator * scale).rounded(.toNearestOrAwayFromZero)
        different += Double(requantization.apply(Int32(accumulator))) == exact ? 0 : 1
        tried += 1
      }
    }
    #expect(Double(different) / Double(tried) < 0.015, "\(different) of \(tried)")
  }

  @Test func factorsExistForScalesUnderOne() throws {
    for exponent in -40 ... -1 {
      let scale = Double(sign: .plus, exponent: exponent, significand: 1.37)
      let factors = try #require(Requantization.factors(for: scale))
      #expect((256...32767).contains(factors.multiplier) || factors.shift == 24)
    }
    #expect(Requantization.factors(for: 1.5) == nil)
  }

  /// `Goldens/requantization.tsv` is the training package's model of the rounding rule: the two must never part, for
  /// networks are fine-tuned in it. `Tests/RoadEngineTests/Goldens/make_trained_goldens.py` writes it.
  @Test func theTrainingPackageComputesTheSame() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "Goldens/requantization.tsv")
    let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
    #expect(rows.count > 1000)
    for row in rows {
      let fields = row.split(separator: "\t")
      let scale = try #require(Double(fields[0]))
      let factors = try #require(Requantization.factors(for: scale))
      let (shift, multiplier) = (try #require(Int32(fields[1])), try #require(Int16(fields[2])))
      #expect(factors == (shift, multiplier), "\(row)")
      let requantization = Requantization(
        shift: shift, multiplier: multiplier, zeroPoint: try #require(UInt8(fields[4])),
        low: try #require(UInt8(fields[5])), high: try #require(UInt8(fields[6])))
      let accumulator = try #require(Int32(fields[3]))
      #expect(requantization.apply(accumulator) == UInt8(fields[7]), "\(row)")
    }
  }
}
