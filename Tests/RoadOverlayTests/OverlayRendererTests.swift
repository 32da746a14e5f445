import CAllocationCounter
import RoadBase
import RoadFrame
import RoadMask
import RoadOverlay
import Testing

/// What is painted where, pixel by pixel.
@Suite struct OverlayRendererTests {
  static let size = PictureSize(width: 64, height: 48)

  /// A grey picture and a map whose road is the rectangle of columns 20..<50, rows 16..<48.
  static func scene() -> (Picture, ClassMap) {
    let picture = Picture(size: size)
    picture.fill(red: 100, green: 100, blue: 100)
    let map = ClassMap(size: size)
    for y in 0..<48 {
      for x in 0..<64 { map.bytes[y * 64 + x] = (20..<50).contains(x) && y >= 16 ? 0 : 5 }
    }
    return (picture, map)
  }

  static func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: picture.row(y) + 4 * x, count: 4))
  }

  /// `(100 · (256 − w) + colour · w + 127) >> 8`
  static func blended(_ colour: Colour, _ weight: Int) -> [UInt8] {
    let channels: [UInt8] = [colour.red, colour.green, colour.blue]
    return channels.map { (channel: UInt8) -> UInt8 in
      let sum = 100 * (256 - weight) + Int(channel) * weight
      return UInt8((sum + 127) >> 8)
    } + [255]
  }

  @Test func roadIsTintedItsBorderOutlinedTheRestUntouched() {
    let (picture, map) = Self.scene()
    let renderer = OverlayRenderer(size: Self.size, classes: .driving7)
    #expect(renderer.outlineThickness == 1)
    renderer.draw(map, on: picture)
    let style = renderer.style
    let road = Self.blended(style.road, style.roadWeight)
    let outline = Self.blended(style.outline, style.outlineWeight)
    let fringe = Self.blended(style.outline, style.fringeWeight)
    for y in 0..<48 {
      for x in 0..<64 {
        let isRoad = (20..<50).contains(x) && y >= 16
        let isBorder = x == 20 || x == 49 || y == 16
        let isFringe = ((x == 19 || x == 50) && y >= 16) || (y == 15 && (20..<50).contains(x))
        let expected = isRoad ? (isBorder ? outline : road) : isFringe ? fringe : [100, 100, 100, 255]
        #expect(Self.pixel(picture, x, y) == expected, "pixel \(x), \(y)")
      }
    }
  }

  @Test func theOutlineGrowsWithThePicture() {
    func thickness(_ height: Int) -> Int {
      OverlayRenderer(size: PictureSize(width: 32, height: height), classes: .driving7).outlineThickness
    }
    #expect([120, 240, 480, 720, 1080].map(thickness) == [1, 1, 2, 3, 5])
  }

  @Test func otherClassesAreColouredWhenAskedFor() {
    let (picture, map) = Self.scene()
    let renderer = OverlayRenderer(size: Self.size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    renderer.draw(map, on: picture)
    #expect(Self.pixel(picture, 5, 5) == Self.blended(ClassTable.driving7[5].colour, renderer.style.otherClassWeight))
    #expect(Self.pixel(picture, 30, 30) == Self.blended(renderer.style.road, renderer.style.roadWeight))
  }

  @Test func voidIsLeftAlone() {
    let (picture, map) = Self.scene()
    for index in map.bytes.indices where map.bytes[index] == 5 { map.bytes[index] = ClassMap.void }
    let renderer = OverlayRenderer(size: Self.size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    renderer.draw(map, on: picture)
    #expect(Self.pixel(picture, 5, 5) == [100, 100, 100, 255])
  }

  @Test(arguments: [(1, 1), (2, 3), (7, 5), (641, 479), (9, 2000)])
  func anyShareOfTheRowsGivesTheSamePicture(width: Int, height: Int) {
    let size = PictureSize(width: width, height: height)
    let map = ClassMap(size: size)
    for index in map.bytes.indices { map.bytes[index] = UInt8((index / 13 ^ index / 71) & 3) }
    let renderer = OverlayRenderer(size: size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    let whole = Picture(size: size)
    renderer.draw(map, on: whole)
    let shared = Picture(size: size)
    for start in stride(from: 0, to: height, by: 7) {
      renderer.draw(map, on: shared, rows: start..<min(height, start + 7))
    }
    for y in 0..<height {
      let bytes = { (picture: Picture) in Array(UnsafeBufferPointer(start: picture.row(y), count: 4 * width)) }
      #expect(bytes(whole) == bytes(shared), "row \(y)")
    }
  }

  @Test func allocatesNothing() {
    let size = PictureSize(width: 320, height: 240)
    let map = ClassMap(size: size)
    for index in map.bytes.indices { map.bytes[index] = UInt8(index / 40 % 7) }
    let picture = Picture(size: size)
    let renderer = OverlayRenderer(size: size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    let panel = OverlayPanel(size: size, model: "model", source: "source")
    func draw() {
      renderer.draw(map, on: picture)
      panel.draw(OverlayPanelTests.numbers, on: picture)
    }
    draw()
    let before = allocation_count_of_this_thread()
    draw()
    #expect(allocation_count_of_this_thread() == before)
  }

  @Test(
    "the road's inside has the colour of its confidence, on pictures and planes; outline and the rest as ever",
    arguments: [1, 26, 56, 200])
  func confidence(usual: Int) throws {
    let size = PictureSize(width: 64, height: 64)
    let map = ClassMap(size: size)
    let confidence = ClassMap(size: size)
    for index in 0..<size.pixels {
      map.bytes[index] = index / 64 < 8 ? 3 : ClassTable.driving7.drivable
      confidence.bytes[index] = UInt8(index % 64 * 4)
    }
    var style = OverlayStyle(colouring: .confidence)
    style.usualMargin = usual
    style.roadWeight = 170
    let renderer = OverlayRenderer(size: size, classes: .driving7, style: style)
    let plain = OverlayRenderer(size: size, classes: .driving7)
    func drawn(_ renderer: OverlayRenderer, _ confidence: ClassMap?) -> Picture {
      let picture = Picture(size: size)
      picture.fill(red: 100, green: 100, blue: 100)
      renderer.draw(map, on: .rgbx(picture), confidence: confidence)
      return picture
    }
    let (shown, ever) = (drawn(renderer, confidence), drawn(plain, nil))
    for x in 0..<64 {
      let wanted = try #require(OverlayStyle.confidenceColours.last { $0.percent * usual <= 400 * x }).colour
      let pixel = shown.row(40) + 4 * x
      // 170 · 3 / 2 = 255 of 256: next to nothing of the picture is left.
      #expect(abs(Int(pixel[0]) - Int(wanted.red)) <= 1 && abs(Int(pixel[1]) - Int(wanted.green)) <= 1)
      #expect(abs(Int(pixel[2]) - Int(wanted.blue)) <= 1)
      for y in [2, 7, 8] { for c in 0..<3 { #expect(shown.row(y)[4 * x + c] == ever.row(y)[4 * x + c]) } }
    }
    let one = drawn(renderer, nil)
    #expect((0..<64).allSatisfy { one.row(40)[4 * $0] == one.row(40)[0] }, "without confidence one colour")
    let canvas = Canvas(.planes, size: size)
    renderer.draw(map, on: canvas, confidence: confidence)
    guard case .planes(let planes) = canvas else { return }
    #expect(Set((0..<64).map { planes.luma[40 * planes.lumaPitch + $0] }).count >= (usual == 1 ? 2 : 6))
  }
}
