import CAllocationCounter
import RoadBase
import RoadFrame
import RoadMask
import RoadOverlay
import Testing

/// What is painted on planes, sample by sample.
@Suite struct PlaneOverlayTests {
  /// Luma 100, chroma 110 and 140, with a map whose road is odd in every way.
  static func scene(_ size: PictureSize) -> (PlanarPicture, ClassMap) {
    let planes = PlanarPicture(size: size)
    for y in 0..<size.height {
      for x in 0..<size.width { planes.luma[y * planes.lumaPitch + x] = UInt8((100 + x + y) % 256) }
    }
    for y in 0..<(size.height + 1) / 2 {
      for x in 0..<(size.width + 1) / 2 {
        planes.u[y * planes.chromaPitch + x] = UInt8((110 + x) % 256)
        planes.v[y * planes.chromaPitch + x] = UInt8((140 + y) % 256)
      }
    }
    let map = ClassMap(size: size)
    for index in map.bytes.indices { map.bytes[index] = UInt8((index / 13 ^ index / 71) & 3) }
    return (planes, map)
  }

  static func samples(_ planes: PlanarPicture) -> [UInt8] {
    let (width, height) = (planes.size.width, planes.size.height)
    var bytes: [UInt8] = []
    for y in 0..<height { bytes += UnsafeBufferPointer(start: planes.luma + y * planes.lumaPitch, count: width) }
    for plane in [planes.u, planes.v] {
      for y in 0..<(height + 1) / 2 {
        bytes += UnsafeBufferPointer(start: plane + y * planes.chromaPitch, count: (width + 1) / 2)
      }
    }
    return bytes
  }

  /// A colour as JFIF has it, in real numbers.
  static func jfif(_ colour: Colour) -> (Double, Double, Double) {
    let (r, g, b) = (Double(colour.red), Double(colour.green), Double(colour.blue))
    return (
      0.299 * r + 0.587 * g + 0.114 * b, 128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
      128 + 0.5 * r - 0.418688 * g - 0.081312 * b
    )
  }

  /// Which colour and weight the renderer of pictures gives a pixel: told by two pictures, black and white.
  @Test(arguments: [(1, 1), (2, 3), (7, 5), (64, 48), (33, 240)])
  func isThePaintOfPictures(width: Int, height: Int) {
    let size = PictureSize(width: width, height: height)
    let (planes, map) = Self.scene(size)
    let before = Self.samples(planes)
    let renderer = OverlayRenderer(size: size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    let (black, white) = (Picture(size: size), Picture(size: size))
    white.fill(red: 255, green: 255, blue: 255)
    renderer.draw(map, on: black)
    renderer.draw(map, on: white)
    renderer.draw(map, on: .planes(planes))
    let after = Self.samples(planes)
    func paint(_ x: Int, _ y: Int) -> (keep: Double, add: (Double, Double, Double)) {
      let (low, high) = (black.row(y) + 4 * x, white.row(y) + 4 * x)
      let keep = (0..<3).map { Double(high[$0]) - Double(low[$0]) }.reduce(0, +) / 765
      let (luma, u, v) = Self.jfif(Colour(low[0], low[1], low[2]))
      return (keep, (luma, u - 128 * keep, v - 128 * keep))
    }
    var worst = 0.0
    for y in 0..<height {
      for x in 0..<width {
        let (keep, add) = paint(x, y)
        worst = max(worst, abs(Double(before[y * width + x]) * keep + add.0 - Double(after[y * width + x])))
      }
    }
    let chromaWidth = (width + 1) / 2
    let chroma = chromaWidth * ((height + 1) / 2)
    for y in 0..<(height + 1) / 2 {
      for x in 0..<chromaWidth {
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map {
          paint(min(2 * x + $0.0, width - 1), min(2 * y + $0.1, height - 1))
        }
        let keep = four.map(\.keep).reduce(0, +) / 4
        let at = size.pixels + y * chromaWidth + x
        let u = four.map(\.add.1).reduce(0, +) / 4 + Double(before[at]) * keep
        let v = four.map(\.add.2).reduce(0, +) / 4 + Double(before[at + chroma]) * keep
        worst = max(worst, abs(u - Double(after[at])), abs(v - Double(after[at + chroma])))
      }
    }
    #expect(worst <= 2.5, "the black and the white picture are rounded, too")
  }

  @Test(arguments: [(1, 1), (2, 3), (7, 5), (641, 479), (9, 2000)])
  func anyShareOfTheRowsGivesTheSamePlanes(width: Int, height: Int) {
    let size = PictureSize(width: width, height: height)
    let renderer = OverlayRenderer(size: size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    let (whole, map) = Self.scene(size)
    let (shared, _) = Self.scene(size)
    renderer.draw(map, on: .planes(whole))
    for start in stride(from: 0, to: height, by: 7) {
      renderer.draw(map, on: .planes(shared), rows: start..<min(height, start + 7))
    }
    #expect(Self.samples(whole) == Self.samples(shared))
  }

  @Test func thePanelIsThatOfPictures() {
    let size = PictureSize(width: 640, height: 480)
    let panel = OverlayPanel(size: size, model: "contextnet14", source: "synthetic road, seed 1")
    let picture = Picture(size: size)
    picture.fill(red: 90, green: 120, blue: 200)
    let (planes, painted) = (PlanarPicture(size: size), PlanarPicture(size: size))
    planes.fill(from: .picture(picture))
    let plain = Self.samples(planes)
    panel.draw(OverlayPanelTests.numbers, on: picture)
    panel.draw(OverlayPanelTests.numbers, on: .planes(planes))
    painted.fill(from: .picture(picture))
    let (direct, detour) = (Self.samples(planes), Self.samples(painted))
    let differences = zip(direct, detour).map { abs(Int($0) - Int($1)) }
    #expect(differences.prefix(size.pixels).max() ?? 255 <= 3, "luma")
    // Where the panel ends within a chroma sample, half of it is painted by one and none by the other.
    let edge = 2 * (600 / 2 + 96)
    #expect(differences.dropFirst(size.pixels).count { $0 > 4 } < edge, "samples on the edge, in both planes")
    #expect(zip(direct, plain).enumerated().allSatisfy { $1.0 == $1.1 || $0 >= size.pixels || $0 / 640 < 96 })
    #expect(zip(direct, plain).count { $0 != $1 } > 10_000)
  }

  @Test(arguments: ["1x1", "40x30", "161x121", "320x240", "200x1000", "1920x1080"])
  func anySizeIsSafe(text: String) throws {
    let size = try #require(PictureSize(text))
    let panel = OverlayPanel(size: size, model: String(repeating: "long", count: 50), source: "name")
    let planes = PlanarPicture(size: size)
    panel.draw(OverlayPanelTests.numbers, on: .planes(planes))
    panel.draw(OverlayNumbers(), on: .planes(planes))
  }

  @Test func allocatesNothing() {
    let size = PictureSize(width: 320, height: 240)
    let (planes, map) = Self.scene(size)
    let renderer = OverlayRenderer(size: size, classes: .driving7, style: OverlayStyle(colouring: .allClasses))
    let panel = OverlayPanel(size: size, model: "model", source: "source")
    func draw() {
      renderer.draw(map, on: .planes(planes))
      panel.draw(OverlayPanelTests.numbers, on: .planes(planes))
    }
    draw()
    let before = allocation_count_of_this_thread()
    draw()
    #expect(allocation_count_of_this_thread() == before)
  }
}
