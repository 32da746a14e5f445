import RoadKernelContract
import RoadKernels
import Testing

/// Lines are taken for tables only where they give every entry.
@Suite struct AffineBytesTests {
  /// The bytes of (x / 255 − mean) / deviation, quantized to nearest, ties to even.
  static func normalisation(mean: Double, deviation: Double, scale: Double, zeroPoint: Double) -> [UInt8] {
    (0..<256).map { x in
      let real = (Double(x) / 255 - mean) / deviation
      return UInt8(min(max((real / scale).rounded(.toNearestOrEven) + zeroPoint, 0), 255))
    }
  }

  static func apply(_ lines: AffineBytes, _ x: Int, byte: Int) -> UInt8 {
    let value = (Int(lines.multiplier[byte]) * x + Int(lines.bias[byte])) >> Int(lines.shift[byte])
    return UInt8(min(max(value, 0), 255))
  }

  @Test func everyNormalisationIsALine() throws {
    var random = TestRandom(3)
    for _ in 0..<200 {
      let table = Self.normalisation(
        mean: Double(random.integer(0...1000)) / 1000, deviation: Double(random.integer(150...1000)) / 1000,
        scale: Double(random.integer(40...400)) / 10000, zeroPoint: Double(random.byte()))
      let lines = try #require(AffineBytes.fitting(table))
      for x in 0..<256 { #expect(Self.apply(lines, x, byte: x % 4) == table[x]) }
    }
  }

  @Test func theEdgesAreLines() throws {
    let tables: [[UInt8]] = [
      (0...255).map { $0 }, (0...255).map { 255 - $0 }, Array(repeating: 0, count: 256),
      Array(repeating: 77, count: 256),
      (0..<256).map { $0 < 128 ? 0 : 255 }, (0..<256).map { $0 == 0 ? 9 : 10 }, (0..<256).map { UInt8($0 / 3) },
    ]
    for (index, table) in tables.enumerated() {
      let lines = try #require(AffineBytes.fitting(table), "table \(index)")
      for x in 0..<256 { #expect(Self.apply(lines, x, byte: 2) == table[x], "table \(index), \(x)") }
    }
  }

  @Test func channelsHaveTheirOwnLines() throws {
    let rising: [UInt8] = (0...255).map { $0 }
    let lines = try #require(AffineBytes.fitting(rising + rising.reversed()))
    #expect(Self.apply(lines, 10, byte: 0) == 10 && Self.apply(lines, 10, byte: 1) == 245)
  }

  @Test func curvesAreNot() {
    #expect(AffineBytes.fitting((0..<256).map { UInt8($0 * $0 / 255) }) == nil)
    var dented: [UInt8] = (0...255).map { $0 }
    dented[100] = 97
    #expect(AffineBytes.fitting(dented) == nil)
    #expect(AffineBytes.fitting([UInt8](repeating: 0, count: 5 * 256)) == nil)
  }
}
