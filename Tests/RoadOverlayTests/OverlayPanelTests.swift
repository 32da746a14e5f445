import RoadBase
import RoadFrame
import RoadOverlay
import Testing

/// The panel stays in its corner, at any size, and its letters are all there.
@Suite struct OverlayPanelTests {
  static let numbers = OverlayNumbers(
    cameraRate: 30, deliveredRate: 29.97, inferredRate: 29.5, shownRate: 29.5, latencyMedian: 8_400_000,
    latency99: 12_960_000, frame: 123)

  static func bytes(_ picture: Picture) -> [UInt8] { Array(picture.bytes) }

  @Test func numbersAreWrittenAsPeopleReadThem() {
    func text(_ write: (Text) -> Void) -> String {
      let text = Text(capacity: 8)
      write(text)
      return String(decoding: (0..<text.count).map { text[$0] }, as: UTF8.self)
    }
    #expect(text { $0.append(number: 0) } == "0")
    #expect(text { $0.append(number: 1_234_567) } == "1234567")
    #expect(text { $0.append(number: UInt64.max) } == "18446744")
    #expect(text { $0.append(tenths: 297) } == "29.7")
    #expect(text { $0.append(tenths: 5) } == "0.5")
    #expect(text { $0.append(hundredths: 7) } == "0.07")
    #expect(text { $0.append(hundredths: 1234) } == "12.34")
    #expect(text { $0.append("Büro\n") } == "B?ro?")
  }

  /// Every printable character has strokes within the grid, and no two look the same.
  @Test func everyCharacterHasItsOwnStrokes() {
    #expect(StrokeFont.glyphs.count == 94)
    #expect(Set(StrokeFont.glyphs).count == 94 - Self.twins)
    for glyph in StrokeFont.glyphs {
      for chain in glyph.split(separator: " ") {
        #expect(chain.count >= 4 && chain.count % 2 == 0, "\(glyph)")
        for (index, character) in chain.enumerated() {
          let isInGrid = index % 2 == 0 ? ("0"..."8").contains(character) : ("a"..."n").contains(character)
          #expect(isInGrid, "\(glyph)")
        }
      }
    }
  }

  /// 0 and O.
  static let twins = 1

  @Test("flicker is written where there is room for it and it is known, and changes nothing else")
  func flicker() {
    let size = PictureSize(width: 640, height: 480)
    func drawn(shows: Bool, _ flicker: Double?) -> [UInt8] {
      let panel = OverlayPanel(size: size, model: "contextnet", source: "camera", showsFlicker: shows)
      let picture = Picture(size: size)
      picture.fill(red: 90, green: 120, blue: 200)
      var numbers = Self.numbers
      numbers.flicker = flicker
      panel.draw(numbers, on: picture)
      return Self.bytes(picture)
    }
    let without = drawn(shows: false, 0.0012)
    #expect(without == drawn(shows: false, nil) && without == drawn(shows: true, nil))
    #expect(drawn(shows: true, 0.0012) != without && drawn(shows: true, 0.0012) != drawn(shows: true, 0.0034))
    #expect(drawn(shows: true, .nan) == without && drawn(shows: true, 7) == without)
  }

  @Test func theSamePictureGivesTheSameBytesAndNothingOutsideChanges() {
    let size = PictureSize(width: 640, height: 480)
    let panel = OverlayPanel(size: size, model: "contextnet14", source: "synthetic road, seed 1")
    let first = Picture(size: size)
    let second = Picture(size: size)
    first.fill(red: 90, green: 120, blue: 200)
    second.fill(red: 90, green: 120, blue: 200)
    panel.draw(Self.numbers, on: first)
    panel.draw(Self.numbers, on: second)
    #expect(Self.bytes(first) == Self.bytes(second))
    var changed = 0
    for y in 0..<480 {
      for x in 0..<640 where first.row(y)[4 * x] != 90 {
        changed += 1
        #expect(y < 96 && x < 600)
      }
    }
    #expect(changed > 10_000)
    panel.draw(OverlayNumbers(frame: 124), on: second)
    #expect(Self.bytes(first) != Self.bytes(second))
  }

  @Test(arguments: ["1x1", "40x30", "160x120", "320x240", "200x1000", "1920x1080"])
  func anySizeIsSafe(text: String) throws {
    let size = try #require(PictureSize(text))
    let panel = OverlayPanel(
      size: size, model: String(repeating: "long", count: 50), source: String(repeating: "name", count: 50))
    let picture = Picture(size: size)
    panel.draw(Self.numbers, on: picture)
    panel.draw(OverlayNumbers(), on: picture)
    panel.draw(
      OverlayNumbers(
        cameraRate: .infinity, deliveredRate: .nan, inferredRate: -1, shownRate: 1e300, latencyMedian: .max,
        latency99: .max, frame: .max), on: picture)
  }
}
