import CAllocationCounter
import RoadBase
import RoadMask
import RoadTestSupport
import Testing

/// Against the definition, computed naively with the vectors and changes that the stabiliser works with; those against
/// pictures whose motion is known.
@Suite struct ScoreStabiliserTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var input: PictureSize
    var scores: PictureSize
    var classes: Int
    var isWide = false
    var threshold: ClassUpsampler.Threshold?
    var mode = StabiliseMode.gentle
    var testDescription: String { "\(input) → \(scores)x\(classes) \(mode)\(isWide ? ", 15 bits" : "")" }
  }

  static let cases = [
    Case(input: PictureSize(width: 96, height: 72), scores: PictureSize(width: 24, height: 18), classes: 7),
    Case(
      input: PictureSize(width: 96, height: 72), scores: PictureSize(width: 12, height: 9), classes: 8, isWide: true),
    Case(
      input: PictureSize(width: 101, height: 67), scores: PictureSize(width: 13, height: 9), classes: 11,
      mode: .strong),
    Case(input: PictureSize(width: 64, height: 48), scores: PictureSize(width: 64, height: 48), classes: 3),
    Case(
      input: PictureSize(width: 80, height: 40), scores: PictureSize(width: 10, height: 5), classes: 1,
      threshold: .init(above: 1, below: 0, steps: 127.5)),
    Case(input: PictureSize(width: 6, height: 6), scores: PictureSize(width: 3, height: 2), classes: 2),
  ]

  @Test(arguments: cases) func isTheDefinition(_ one: Case) {
    var random = SplitMix(state: UInt64(one.input.pixels + one.classes))
    let film = Film(one.input, &random)
    let scores = Scores(one)
    let stabiliser = scores.stabiliser(one)
    let change = PictureChange(of: one.input)
    var state: [Int] = []
    for frame in 0..<6 {
      let picture = film.frame(frame)
      scores.fill(&random)
      let result = stabiliser.run(picture, one.input, scores.view, .number(UInt64(frame)))
      change.run(picture, one.input)
      let options = StabiliseOptions(one.mode)
      state = Naive.state(after: state, scores: scores, one, change, options, isFresh: result.isFresh)
      #expect(result.isFresh == (frame == 0))
      #expect(scores.bytes(of: stabiliser.output) == Naive.output(state, one))
    }
  }

  @Test("rows in any order, and the network's own bytes after a gap and a cut")
  func freshAgain() {
    let one = Self.cases[0]
    var random = SplitMix(state: 5)
    let film = Film(one.input, &random)
    let scores = Scores(one)
    let (stabiliser, other) = (scores.stabiliser(one), scores.stabiliser(one))
    var fresh: [Bool] = []
    for (number, frame) in [(0, 0), (1, 1), (2, 2), (8, 3), (9, 4), (9, 5), (10, 6), (11, 900), (12, 901)] {
      let picture = film.frame(frame)
      scores.fill(&random)
      let result = stabiliser.run(picture, one.input, scores.view, .number(UInt64(number)))
      let backwards = other.run(picture, one.input, scores.view, .number(UInt64(number)), backwards: true)
      #expect(result.isFresh == backwards.isFresh && result.flips == backwards.flips)
      #expect(scores.bytes(of: stabiliser.output) == scores.bytes(of: other.output))
      #expect((scores.bytes(of: stabiliser.output) == scores.bytes(of: scores.view)) == result.isFresh)
      fresh.append(result.isFresh)
    }
    #expect(fresh == [true, false, false, true, false, true, false, true, false])
    let (early, late) = (FrameMoment.time(1_000_000_000), FrameMoment.time(1_500_000_000))
    #expect(late.follows(early) && !early.follows(late) && !FrameMoment.time(1_500_000_001).follows(early))
    #expect(!late.follows(.number(1)))
  }

  @Test("what stands still settles: noise in the scores no longer reaches the mask")
  func settles() {
    let one = Self.cases[0]
    var random = SplitMix(state: 8)
    let film = Film(one.input, &random)
    let scores = Scores(one)
    let stabiliser = scores.stabiliser(one)
    var sums = StabilisedFrame()
    for frame in 0..<40 {
      // Two classes that are level but for noise.
      for index in scores.memory.indices { scores.memory[index] = UInt8(random.integer(0...9)) }
      for cell in 0..<one.scores.pixels {
        for c in 0...1 { scores.memory[cell * 7 + c] = UInt8(random.integer(90...140)) }
      }
      let result = stabiliser.run(film.frame(0), one.input, scores.view, .number(UInt64(frame)))
      guard frame > 0 else { continue }
      #expect(result.stillCells == result.cells)
      sums.networkFlips += result.networkFlips
      sums.flips += result.flips
    }
    #expect(sums.networkFlips > 39 * one.scores.pixels / 3 && sums.flips * 3 < sums.networkFlips * 2)
  }

  @Test("a picture that moves is found where it was")
  func motion() {
    let size = PictureSize(width: 200, height: 120)
    var random = SplitMix(state: 4)
    let film = Film(size, &random)
    for step in [(2, 0), (0, -4), (6, 2), (-10, 8)] {
      let change = PictureChange(of: size)
      for frame in 0..<2 { change.run(film.shifted(by: (step.0 * frame, step.1 * frame)), size) }
      var hits = 0
      for row in 3..<change.motion.rows - 3 {
        for column in 3..<change.motion.columns - 3 {
          let vector = change.motion.vectors[row * change.motion.columns + column]
          if (Int(vector.x), Int(vector.y)) == (-step.0 / 2, -step.1 / 2) { hits += 1 }
        }
      }
      #expect(hits * 10 >= (change.motion.rows - 6) * (change.motion.columns - 6) * 9, "\(step): \(hits)")
    }
  }

  @Test("frame by frame it takes no memory")
  func allocatesNothing() {
    let one = Self.cases[0]
    var random = SplitMix(state: 6)
    let film = Film(one.input, &random)
    let scores = Scores(one)
    let stabiliser = scores.stabiliser(one)
    scores.fill(&random)
    let picture = film.frame(0)
    _ = stabiliser.run(picture, one.input, scores.view, .number(0))
    let before = allocation_count_of_this_thread()
    for frame in 1..<5 { _ = stabiliser.run(picture, one.input, scores.view, .number(UInt64(frame))) }
    #expect(allocation_count_of_this_thread() == before)
  }
}

extension ScoreStabiliser {
  fileprivate func run(
    _ picture: [UInt8], _ size: PictureSize, _ scores: ScoreView, _ moment: FrameMoment, backwards: Bool = false
  ) -> StabilisedFrame {
    begin(moment)
    picture.withUnsafeBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return }
      for step in [StabiliserStep.grey, .match, .smooth] {
        if step == .smooth { decide() }
        let count = strips(step)
        for strip in 0..<count {
          run(step, strip: backwards ? count - 1 - strip : strip, input: base, rowPitch: 4 * size.width, scores: scores)
        }
      }
    }
    return end()
  }
}

extension PictureChange {
  fileprivate func run(_ picture: [UInt8], _ size: PictureSize) {
    begin(isFresh: false)
    picture.withUnsafeBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return }
      for strip in 0..<strips { fill(strip: strip, from: base, rowPitch: 4 * size.width) }
      for strip in 0..<strips { match(strip: strip) }
    }
    _ = finish(limit: .max)
  }
}

/// A window that wanders over a blotchy plane; frames from 900 on show another plane.
private struct Film {
  let size: PictureSize
  private let planes: [[UInt8]]
  private static let side = 400

  init(_ size: PictureSize, _ random: inout SplitMix) {
    self.size = size
    planes = (0..<2).map { plane in
      var coarse: [Int] = []
      for _ in 0..<10201 { coarse.append(random.integer(plane == 0 ? 0...90 : 160...250)) }
      // Blotches of four pixels, blended, so that a vector that is nearly right is better than none.
      return (0..<Self.side * Self.side).map { index in
        let (x, y) = (index % Self.side, index / Self.side)
        let (u, v, p, q) = (x / 4, y / 4, x % 4, y % 4)
        let upper = coarse[v * 101 + u] * (4 - p) + coarse[v * 101 + u + 1] * p
        let lower = coarse[(v + 1) * 101 + u] * (4 - p) + coarse[(v + 1) * 101 + u + 1] * p
        return UInt8((upper * (4 - q) + lower * q) / 16)
      }
    }
  }

  func frame(_ number: Int) -> [UInt8] { shifted(by: (number % 100 * 2, number % 100), plane: number < 900 ? 0 : 1) }

  /// What lies at p in the plane's middle lies at p + step in the frame.
  func shifted(by step: (Int, Int), plane: Int = 0) -> [UInt8] {
    var pixels = [UInt8](repeating: 255, count: 4 * size.pixels)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let value = planes[plane][(y + 100 - step.1) * Self.side + x + 100 - step.0]
        for channel in 0..<3 { pixels[4 * (y * size.width + x) + channel] = value }
      }
    }
    return pixels
  }
}

private final class Scores {
  let memory: UnsafeMutableBufferPointer<UInt8>
  let view: ScoreView
  private let one: ScoreStabiliserTests.Case

  init(_ one: ScoreStabiliserTests.Case) {
    self.one = one
    let pixel = one.isWide ? 2 * one.classes : one.classes
    memory = .allocate(capacity: one.scores.pixels * pixel)
    memory.initialize(repeating: 0)
    view = ScoreView(
      base: UnsafePointer(memory.baseAddress!), width: one.scores.width, height: one.scores.height,
      classes: one.classes, pixelPitch: pixel, rowPitch: one.scores.width * pixel,
      lowOffset: one.isWide ? one.classes : 0)
  }

  deinit { memory.deallocate() }

  func stabiliser(_ one: ScoreStabiliserTests.Case) -> ScoreStabiliser {
    ScoreStabiliser(
      scores: view, input: one.input, road: RoadRule(road: 1, threshold: one.threshold),
      options: StabiliseOptions(one.mode))
  }

  func fill(_ random: inout SplitMix) {
    for index in memory.indices {
      let isLow = one.isWide && index % (2 * one.classes) >= one.classes
      memory[index] = UInt8(random.integer(0...(isLow ? 127 : 255)))
    }
  }

  func value(_ x: Int, _ y: Int, _ c: Int) -> Int {
    let pixel = view.base + y * view.rowPitch + x * view.pixelPitch
    return Int(pixel[c]) * 128 + (one.isWide ? Int(pixel[one.classes + c]) : 0)
  }

  func bytes(of view: ScoreView) -> [Int] {
    var bytes: [Int] = []
    for y in 0..<view.height {
      for x in 0..<view.width {
        for c in 0..<view.classes {
          let pixel = view.base + y * view.rowPitch + x * view.pixelPitch
          bytes.append(view.lowOffset == 0 ? Int(pixel[c]) : Int(pixel[c]) * 128 + Int(pixel[view.lowOffset + c]))
        }
      }
    }
    return bytes
  }
}

private enum Naive {
  static func state(
    after state: [Int], scores: Scores, _ one: ScoreStabiliserTests.Case, _ change: PictureChange,
    _ options: StabiliseOptions, isFresh: Bool
  ) -> [Int] {
    let (width, height, classes) = (one.scores.width, one.scores.height, one.classes)
    let (least, still, changed) = one.mode == .gentle ? (16, 96, 256) : (13, 120, 320)
    var result: [Int] = []
    for y in 0..<height {
      for x in 0..<width {
        let u = min((2 * x + 1) * change.size.width / (2 * width), change.size.width - 1)
        let v = min((2 * y + 1) * change.size.height / (2 * height), change.size.height - 1)
        let vector = change.motion.vectors[v / 8 * change.motion.columns + u / 8]
        let d = Int(change.changes[v / 4 * change.columns + u / 4])
        let part = (256 - least) * (d - still) / (changed - still)
        let a = isFresh || d >= changed ? 256 : d <= still ? least : least + part
        func place(_ cell: Int, _ way: Int16, _ count: Int, _ pixels: Int) -> Int {
          let sixteenths = (abs(Int(way)) * count * 16 + pixels / 2) / pixels
          return min(max(cell * 16 + (way < 0 ? -sixteenths : sixteenths), 0), (count - 1) * 16)
        }
        let (px, py) = (
          place(x, vector.x, width, change.size.width), place(y, vector.y, height, change.size.height)
        )
        for c in 0..<classes {
          let new = scores.value(x, y, c)
          guard !isFresh else {
            result.append(new)
            continue
          }
          var sum = 128
          for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let weight = (dx == 0 ? 16 - px % 16 : px % 16) * (dy == 0 ? 16 - py % 16 : py % 16)
            guard weight > 0 else { continue }
            sum += weight * state[((py / 16 + dy) * width + px / 16 + dx) * classes + c]
          }
          let w = sum >> 8
          result.append(w + ((new - w) * a + 128) >> 8)
        }
      }
    }
    return result
  }

  static func output(_ state: [Int], _ one: ScoreStabiliserTests.Case) -> [Int] {
    one.isWide ? state : state.map { ($0 + 64) >> 7 }
  }
}
