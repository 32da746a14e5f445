import RoadBase
import RoadMask
import RoadTestSupport
import Testing

/// Against the definition computed naively, in fractions over one denominator.
@Suite struct ConfidenceUpsamplerTests {
  @Test(arguments: [
    ClassUpsamplerTests.Shape(60, 45, 7, to: 640, 480), .init(1, 1, 3, to: 5, 4), .init(6, 1, 3, to: 48, 9),
    .init(13, 11, 5, to: 5, 3), .init(17, 3, 4, to: 8, 33), .init(9, 9, 70, to: 31, 90), .init(7, 5, 19, to: 7, 5),
  ]) func isTheDefinition(shape: ClassUpsamplerTests.Shape) {
    var random = TestRandom(seed: UInt64(shape.picture.pixels))
    let scores = TestScores(shape.score, classes: shape.classes, pixelPitch: shape.classes + 3) { _, _, _ in
      UInt8(random.next(upTo: 255))
    }
    let margins = (0..<shape.score.height).map { y in
      (0..<shape.score.width).map { x in
        let sorted = (0..<shape.classes).map { Int(scores.view.base[offset(scores.view, y, x) + $0]) }.sorted()
        return sorted[sorted.count - 1] - sorted[sorted.count - 2]
      }
    }
    expect(
      ConfidenceUpsampler(scoreSize: shape.score, classes: shape.classes, pictureSize: shape.picture), scores.view,
      margins)
  }

  @Test(arguments: [-1.0, 0, 99.5, 128, 300]) func aSingleScoreCountsFromItsLevel(level: Double) {
    let (size, picture) = (PictureSize(width: 6, height: 5), PictureSize(width: 31, height: 17))
    let scores = TestScores(size, classes: 1, pixelPitch: 1) { y, x, _ in UInt8((y * 61 + x * 37) % 256) }
    let margins = (0..<size.height).map { y in
      (0..<size.width).map { x in
        min(Int(abs(Double(scores.view.base[offset(scores.view, y, x)]) - level)), 255)
      }
    }
    expect(ConfidenceUpsampler(scoreSize: size, classes: 1, pictureSize: picture, level: level), scores.view, margins)
  }

  private func offset(_ view: ScoreView, _ y: Int, _ x: Int) -> Int { y * view.rowPitch + x * view.pixelPitch }

  private func expect(_ upsampler: ConfidenceUpsampler, _ scores: ScoreView, _ margins: [[Int]]) {
    let (from, to) = (upsampler.scoreSize, upsampler.pictureSize)
    let pitch = to.width + 3
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: pitch * to.height)
    defer { bytes.deallocate() }
    bytes.initialize(repeating: 0xEE)
    guard let base = bytes.baseAddress else { return }
    upsampler.run(scores, into: base, rowPitch: pitch)
    var wrong = 0
    for y in 0..<to.height {
      let (top, bottom, below) = place(y, from.height, to.height)
      for x in 0..<to.width {
        let (left, right, after) = place(x, from.width, to.width)
        let (w, h) = (2 * to.width, 2 * to.height)
        let upper = margins[top][left] * (w - after) + margins[top][right] * after
        let lower = margins[bottom][left] * (w - after) + margins[bottom][right] * after
        let wanted = (upper * (h - below) + lower * below + w * h / 2) / (w * h)
        if Int(bytes[y * pitch + x]) != wanted { wrong += 1 }
      }
      if bytes[y * pitch + to.width] != 0xEE { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  /// Half-pixel centres: the two neighbours, and the weight of the second in units of 1/(2·output).
  private func place(_ at: Int, _ source: Int, _ output: Int) -> (first: Int, second: Int, weight: Int) {
    let place = min(max((2 * at + 1) * source - output, 0), (source - 1) * 2 * output)
    let first = place / (2 * output)
    return (first, min(first + 1, source - 1), place % (2 * output))
  }
}
