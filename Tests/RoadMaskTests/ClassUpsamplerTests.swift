import CAllocationCounter
import Foundation
import RoadBase
import RoadKernels
import RoadMask
import RoadTestSupport
import Testing

/// Against the definition computed naively, and against ONNX Runtime.
@Suite struct ClassUpsamplerTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    var score: PictureSize
    var classes: Int
    var picture: PictureSize
    var testDescription: String { "\(score)x\(classes) → \(picture)" }

    init(_ width: Int, _ height: Int, _ classes: Int, to pictureWidth: Int, _ pictureHeight: Int) {
      score = PictureSize(width: width, height: height)
      self.classes = classes
      picture = PictureSize(width: pictureWidth, height: pictureHeight)
    }
  }

  static let shapes = [
    Shape(60, 45, 7, to: 640, 480), Shape(60, 45, 7, to: 480, 360), Shape(60, 45, 7, to: 960, 540),
    Shape(1, 1, 3, to: 5, 4), Shape(1, 6, 3, to: 9, 48), Shape(6, 1, 3, to: 48, 9), Shape(2, 2, 2, to: 300, 200),
    Shape(7, 5, 19, to: 7, 5), Shape(13, 11, 5, to: 5, 3), Shape(64, 48, 4, to: 1, 1), Shape(9, 9, 70, to: 31, 90),
    Shape(17, 3, 4, to: 8, 33), Shape(5, 5, 1, to: 20, 20), Shape(3, 4, 255, to: 17, 9), Shape(6, 5, 6, to: 7, 6),
    Shape(16, 9, 2, to: 16, 9), Shape(17, 9, 3, to: 17, 30), Shape(30, 23, 16, to: 160, 120),
    Shape(30, 23, 17, to: 161, 91), Shape(120, 90, 11, to: 480, 360), Shape(4, 4, 12, to: 33, 20),
  ]

  static let narrowShapes = shapes.filter { $0.classes < 100 }

  /// Few values make ties; many make lines that cross anywhere.
  @Test(arguments: shapes, [1, 2, 5, 255]) func isTheDefinition(shape: Shape, highest: Int) {
    var random = TestRandom(seed: UInt64(shape.picture.pixels * 31 + highest))
    let scores = TestScores(shape.score, classes: shape.classes, pixelPitch: shape.classes + 3) { _, _, _ in
      UInt8(random.next(upTo: highest))
    }
    expectDefinition(scores, shape)
  }

  /// Smooth scores, as a network gives: large areas of one class, three classes and more meeting in one cell.
  @Test(arguments: shapes.prefix(5)) func isTheDefinitionForSmoothScores(shape: Shape) {
    let scores = TestScores(shape.score, classes: shape.classes, pixelPitch: 16) { x, y, c in
      let (u, v) = (x * 64 / shape.score.width, y * 64 / shape.score.height)
      let distance = abs(u - c * 9) + abs(v - (c * 37) % 64)
      return UInt8(max(0, 255 - 3 * distance))
    }
    expectDefinition(scores, shape)
  }

  /// Upsampled scores that are bytes again before they are compared.
  @Test(arguments: shapes, [1, 3, 255]) func isTheDefinitionWithRounding(shape: Shape, highest: Int) {
    var random = TestRandom(seed: UInt64(shape.picture.pixels * 17 + highest))
    let scores = TestScores(shape.score, classes: shape.classes, pixelPitch: shape.classes + 1) { x, y, c in
      UInt8(highest == 255 ? min(255, 10 * (x + y + c) % 97 + random.next(upTo: 3)) : random.next(upTo: highest))
    }
    for zeroPoint in [0, 128, 113] as [UInt8] { expectDefinition(scores, shape, rounding: zeroPoint) }
  }

  /// Scores of 15 bits, the lower seven behind the bytes.
  @Test(arguments: narrowShapes) func isTheDefinitionForWideScores(shape: Shape) {
    var random = TestRandom(seed: UInt64(shape.picture.pixels + 3))
    let scores = TestScores(shape.score, classes: 2 * shape.classes + 1, pixelPitch: 2 * shape.classes + 4) { _, _, c in
      c > shape.classes ? UInt8(random.next(upTo: 127)) : 120 + UInt8(random.next(upTo: 3))
    }
    var view = scores.view
    (view.classes, view.lowOffset) = (shape.classes, shape.classes + 1)
    let map = ClassMap(size: shape.picture)
    ClassUpsampler(scoreSize: shape.score, classes: shape.classes, pictureSize: shape.picture).run(view, into: map)
    let wrong = zip(map.bytes, definition(view, shape.picture, rounding: nil)).count { $0 != $1 }
    withExtendedLifetime(scores) {}
    #expect(wrong == 0, "\(wrong) pixels differ")
  }

  /// One score a pixel against a level that may lie between two steps, either class above it, rounded or not.
  @Test(arguments: shapes, [-1, 0, 3, 3.5, 3.25, 254.999, 255, 256] as [Double])
  func isTheDefinitionForAThreshold(shape: Shape, steps: Double) {
    var random = TestRandom(seed: UInt64(shape.picture.pixels * 7 + 1))
    let highest = steps > 200 ? 2 : 7
    let scores = TestScores(shape.score, classes: 1, pixelPitch: 4) { _, _, _ in
      UInt8(random.next(upTo: highest) + (steps > 200 ? 253 : 0))
    }
    for rounding in [nil, 0, 3, 128] as [UInt8?] {
      let values = upsampled(scores.view, shape.picture, rounding: rounding)
      // Rounded values count from the zero-point.
      let level = rounding.map { steps - Double($0) } ?? steps * Double(4 * shape.picture.pixels)
      for above in [0, 1] as [UInt8] {
        let expected = values.map { Double($0) > level ? above : 1 - above }
        let map = ClassMap(size: shape.picture)
        map.bytes.update(repeating: 254)
        ClassUpsampler(
          scoreSize: shape.score, classes: 1, pictureSize: shape.picture, rounding: rounding,
          threshold: .init(above: above, below: 1 - above, steps: steps)
        ).run(scores.view, into: map)
        let wrong = zip(map.bytes, expected).count { $0 != $1 }
        #expect(wrong == 0, "\(wrong) pixels differ, rounding \(String(describing: rounding)), above \(above)")
      }
    }
    withExtendedLifetime(scores) {}
  }

  @Test func isTheDefinitionForAThresholdOfWideScores() {
    let shape = Shape(9, 7, 1, to: 50, 40)
    var random = TestRandom(seed: 11)
    let scores = TestScores(shape.score, classes: 20, pixelPitch: 20) { _, _, c in
      c == 16 ? UInt8(random.next(upTo: 127)) : 127 + UInt8(random.next(upTo: 1))
    }
    var view = scores.view
    (view.classes, view.lowOffset) = (1, 16)
    let map = ClassMap(size: shape.picture)
    ClassUpsampler(
      scoreSize: shape.score, classes: 1, pictureSize: shape.picture,
      threshold: .init(above: 1, below: 0, steps: 128.0 * 128 + 0.3)
    ).run(view, into: map)
    let level = (128.0 * 128 + 0.3) * Double(4 * shape.picture.pixels)
    let expected = upsampled(view, shape.picture, rounding: nil).map { Double($0) > level ? 1 : 0 as UInt8 }
    withExtendedLifetime(scores) {}
    #expect(Array(map.bytes) == expected)
    #expect(Set(expected).count == 2)
  }

  @Test func anyShareOfTheRowsGivesTheSameMap() {
    let shape = Shape(60, 45, 7, to: 640, 480)
    var random = TestRandom(seed: 5)
    let scores = TestScores(shape.score, classes: 7, pixelPitch: 16) { _, _, _ in UInt8(random.next(upTo: 30)) }
    let upsampler = ClassUpsampler(scoreSize: shape.score, classes: 7, pictureSize: shape.picture)
    let whole = ClassMap(size: shape.picture)
    upsampler.run(scores.view, into: whole)
    let shared = ClassMap(size: shape.picture)
    var start = 0
    while start < 480 {
      let end = min(480, start + 1 + random.next(upTo: 37))
      upsampler.run(scores.view, into: shared, rows: start..<end)
      start = end
    }
    #expect(Array(shared.bytes) == Array(whole.bytes))
  }

  @Test func writesNoRowButItsOwn() {
    let shape = Shape(6, 5, 3, to: 43, 50)
    var random = TestRandom(seed: 9)
    let scores = TestScores(shape.score, classes: 3, pixelPitch: 3) { _, _, _ in UInt8(random.next(upTo: 255)) }
    let upsampler = ClassUpsampler(scoreSize: shape.score, classes: 3, pictureSize: shape.picture)
    let map = ClassMap(size: shape.picture)
    map.bytes.update(repeating: 77)
    upsampler.run(scores.view, into: map, rows: 13..<14)
    for (index, value) in map.bytes.enumerated() { #expect((value != 77) == (index / 43 == 13)) }
  }

  @Test func allocatesNothing() {
    let shape = Shape(60, 45, 7, to: 640, 480)
    var random = TestRandom(seed: 5)
    let scores = TestScores(shape.score, classes: 7, pixelPitch: 16) { _, _, _ in UInt8(random.next(upTo: 255)) }
    let upsampler = ClassUpsampler(scoreSize: shape.score, classes: 7, pictureSize: shape.picture)
    let map = ClassMap(size: shape.picture)
    expectNoAllocation { upsampler.run(scores.view, into: map) }
  }

  @Test func isWhatOnnxRuntimeGives() throws {
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "Goldens/upsampling.bin")
    var bytes = try Data(contentsOf: golden)[...]
    func number(_ count: Int) -> Int {
      defer { bytes = bytes.dropFirst(count) }
      return bytes.prefix(count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let cases = number(4)
    #expect(cases == 8)
    for _ in 0..<cases {
      let shape = Shape(number(2), number(2), number(2), to: number(2), number(2))
      let values = Array(bytes.prefix(shape.score.pixels * shape.classes))
      bytes = bytes.dropFirst(values.count)
      let expected = Array(bytes.prefix(shape.picture.pixels))
      bytes = bytes.dropFirst(expected.count)
      let scores = TestScores(shape.score, classes: shape.classes, pixelPitch: shape.classes) { x, y, c in
        values[(y * shape.score.width + x) * shape.classes + c]
      }
      let map = ClassMap(size: shape.picture)
      ClassUpsampler(scoreSize: shape.score, classes: shape.classes, pictureSize: shape.picture)
        .run(scores.view, into: map)
      let wrong = zip(map.bytes, expected).count { $1 != 255 && $0 != $1 }
      #expect(wrong == 0, "\(shape.testDescription): \(wrong) pixels differ")
      #expect(expected.count { $0 == 255 } * 20 < expected.count)
    }
    #expect(bytes.isEmpty)
  }

  private func expectDefinition(_ scores: TestScores, _ shape: Shape, rounding: UInt8? = nil) {
    let expected = definition(scores.view, shape.picture, rounding: rounding)
    // Envelopes, then pixel by pixel on every instruction set.
    for kernels in [nil] + InstructionSet.available.map({ KernelSet.of($0) }) {
      let map = ClassMap(size: shape.picture)
      map.bytes.update(repeating: 254)
      let upsampler = ClassUpsampler(
        scoreSize: shape.score, classes: shape.classes, pictureSize: shape.picture, rounding: rounding,
        kernels: kernels)
      upsampler.run(scores.view, into: map)
      let wrong = zip(map.bytes, expected).count { $0 != $1 }
      let way = kernels?.instructionSet.rawValue ?? "envelopes"
      #expect(wrong == 0, "\(wrong) of \(expected.count) pixels differ (\(way))")
    }
  }

  private func rounded(_ value: Int, _ unit: Int, _ zeroPoint: UInt8) -> Int {
    Int((Double(value) / Double(unit) - Double(zeroPoint)).rounded(.toNearestOrEven))
  }

  /// The first class alone.
  private func upsampled(_ scores: ScoreView, _ size: PictureSize, rounding: UInt8?) -> [Int] {
    var one = scores
    one.classes = 1
    return best(one, size, rounding: rounding).map(\.value)
  }

  private func definition(_ scores: ScoreView, _ size: PictureSize, rounding: UInt8?) -> [UInt8] {
    best(scores, size, rounding: rounding).map { UInt8($0.class) }
  }

  /// Every pixel, every class, unreduced fractions.
  private func best(_ scores: ScoreView, _ size: PictureSize, rounding: UInt8?) -> [(class: Int, value: Int)] {
    func taps(_ d: Int, _ source: Int, _ output: Int) -> (Int, Int, Int) {
      let place = min(max((2 * d + 1) * source - output, 0), (source - 1) * 2 * output)
      let first = place / (2 * output)
      return (first, min(first + 1, source - 1), place % (2 * output))
    }
    var winners: [(class: Int, value: Int)] = []
    for y in 0..<size.height {
      let (y0, y1, v) = taps(y, scores.height, size.height)
      for x in 0..<size.width {
        let (x0, x1, w) = taps(x, scores.width, size.width)
        var best = (class: 0, value: Int.min)
        for c in 0..<scores.classes {
          func score(_ y: Int, _ x: Int) -> Int {
            let place = scores.base + y * scores.rowPitch + x * scores.pixelPitch + c
            return scores.lowOffset == 0 ? Int(place[0]) : Int(place[0]) * 128 + Int(place[scores.lowOffset])
          }
          let upper = score(y0, x0) * (2 * size.width - w) + score(y0, x1) * w
          let lower = score(y1, x0) * (2 * size.width - w) + score(y1, x1) * w
          let value = upper * (2 * size.height - v) + lower * v
          let compared = rounding.map { rounded(value, 4 * size.pixels, $0) } ?? value
          if compared > best.value { best = (c, compared) }
        }
        winners.append(best)
      }
    }
    return winners
  }
}

/// Scores in memory of their own, rows a little further apart than needed.
final class TestScores {
  let view: ScoreView
  private let memory: UnsafeMutablePointer<UInt8>

  init(_ size: PictureSize, classes: Int, pixelPitch: Int, score: (Int, Int, Int) -> UInt8) {
    let rowPitch = size.width * pixelPitch + 5
    memory = .allocate(capacity: rowPitch * size.height)
    memory.initialize(repeating: 255, count: rowPitch * size.height)
    for y in 0..<size.height {
      for x in 0..<size.width {
        for c in 0..<classes { memory[y * rowPitch + x * pixelPitch + c] = score(x, y, c) }
      }
    }
    view = ScoreView(
      base: memory, width: size.width, height: size.height, classes: classes, pixelPitch: pixelPitch,
      rowPitch: rowPitch)
  }

  deinit { memory.deallocate() }
}

typealias TestRandom = SplitMix

extension SplitMix {
  init(seed: UInt64) { self.init(state: seed) }

  mutating func next(upTo highest: Int) -> Int { integer(0...highest) }
}

/// On the calling thread, from the second time on.
func expectNoAllocation(_ work: () -> Void) {
  work()
  let before = allocation_count_of_this_thread()
  work()
  #expect(allocation_count_of_this_thread() == before)
}
