import RoadBase
import RoadMask
import RoadTestSupport
import Testing

@Suite struct RoadConfidenceTests {
  /// Random scores, and the definition in the plainest words.
  @Test("the mean margin of the pixels whose best class is road, of 8 and of 15 bits", arguments: [false, true])
  func mean(isWide: Bool) {
    var random = SplitMix(state: 5)
    let (width, height, classes, pitch) = (9, 7, 5, 16)
    for _ in 0..<20 {
      let bytes = (0..<width * height * pitch).map { _ in UInt8(random.integer(0...(isWide ? 127 : 30))) }
      var (margins, pixels) = (0, 0)
      for pixel in 0..<width * height {
        let scores = (0..<classes).map { c in
          isWide
            ? Int(bytes[pixel * pitch + c]) * 128 + Int(bytes[pixel * pitch + 8 + c]) : Int(bytes[pixel * pitch + c])
        }
        let best = scores.max() ?? 0
        guard scores.firstIndex(of: best) == 2 else { continue }
        let second = scores.enumerated().filter { $0.offset != 2 }.map(\.element).max() ?? 0
        pixels += 1
        margins += min(255, isWide ? (best - second) / 128 : best - second)
      }
      bytes.withUnsafeBufferPointer { buffer in
        let view = ScoreView(
          base: buffer.baseAddress!, width: width, height: height, classes: classes, pixelPitch: pitch,
          rowPitch: width * pitch, lowOffset: isWide ? 8 : 0)
        let found = RoadConfidence(of: view, road: RoadRule(road: 2), margin: ScoreMargin(classes: classes))
        #expect(found == RoadConfidence(margins: margins, pixels: pixels) && pixels > 0)
      }
    }
  }

  @Test("one score a pixel: its distance from the level, on the road's side")
  func oneScore() {
    let bytes: [UInt8] = [0, 90, 100, 101, 250]
    for (above, wanted) in [(UInt8(1), RoadConfidence(margins: 151, pixels: 2)), (0, .init(margins: 110, pixels: 3))] {
      let rule = RoadRule(road: 1, threshold: .init(above: above, below: 1 - above, steps: 100))
      bytes.withUnsafeBufferPointer { buffer in
        let view = ScoreView(base: buffer.baseAddress!, width: 5, height: 1, classes: 1, pixelPitch: 1, rowPitch: 5)
        #expect(RoadConfidence(of: view, road: rule, margin: ScoreMargin(classes: 1, level: 100)) == wanted)
      }
    }
    #expect(RoadConfidence().mean == nil && RoadConfidence(margins: 30, pixels: 4).mean == 7.5)
  }
}
