import RoadBase
import RoadMask
import RoadTestSupport
import Testing

@Suite struct OwnPartsTests {
  private static let size = PictureSize(width: 64, height: 40)

  /// Road everywhere, then without the parts.
  private static func left(_ parts: OwnParts, _ size: PictureSize = size, road: UInt8 = 0) -> [UInt8] {
    let map = ClassMap(size: size)
    map.bytes.update(repeating: road)
    OwnPartsMask(parts, size: size, road: road).apply(to: map)
    return Array(map.bytes)
  }

  @Test("a box takes its pixels and no others, at every size; other classes stay")
  func box() throws {
    let parts = try OwnParts(text: "25,50 75,50 75,100 25,100", name: "x")
    for (width, height) in [(64, 40), (160, 120), (4, 2)] {
      let size = PictureSize(width: width, height: height)
      let left = Self.left(parts, size)
      for index in left.indices {
        let (x, y) = (index % width, index / width)
        let isInside = (width / 4..<width * 3 / 4).contains(x) && y >= height / 2
        #expect(left[index] == (isInside ? 1 : 0))
      }
      #expect(OwnPartsMask(parts, size: size, road: 0).share == 0.25)
    }
    let map = ClassMap(size: Self.size)
    map.bytes.update(repeating: 4)
    OwnPartsMask(parts, size: Self.size, road: 2).apply(to: map)
    #expect(map.bytes.allSatisfy { $0 == 4 } && Self.left(parts, road: 2).contains(0))
  }

  @Test("any polygon, against the crossings counted in real numbers")
  func polygons() {
    var random = SplitMix(state: 21)
    for _ in 0..<60 {
      let corners = (0..<random.integer(3...9)).map { _ in
        OwnParts.Corner(x: random.integer(0...10000), y: random.integer(0...10000))
      }
      let left = Self.left(OwnParts(polygons: [corners]))
      for index in left.indices {
        let x = (Double(index % Self.size.width) + 0.5) / Double(Self.size.width)
        let y = (Double(index / Self.size.width) + 0.5) / Double(Self.size.height)
        var crossings = 0
        var isNear = false
        for (a, b) in zip(corners, corners[1...] + corners[..<1]) {
          let (ax, ay, bx, by) = (
            Double(a.x) / 1e4, Double(a.y) / 1e4, Double(b.x) / 1e4, Double(b.y) / 1e4
          )
          guard (ay > y) != (by > y) else { continue }
          let place = ax + (bx - ax) * (y - ay) / (by - ay)
          if abs(place - x) < 1e-9 { isNear = true }
          if x < place { crossings += 1 }
        }
        if !isNear { #expect(left[index] == UInt8(crossings % 2)) }
      }
    }
  }

  @Test("the text comes back as it was read; comments and blank lines are left out")
  func text() throws {
    let text = "# a bonnet\n0,93.25 50,87.5 100,93\t100,100 0,100\n\n 1,2 3,4 5.01,6 # stamp\n"
    let parts = try OwnParts(text: text, name: "x")
    #expect(parts.polygons.count == 2 && parts.polygons[1][2] == .init(x: 501, y: 600))
    #expect(parts.text == "0,93.25 50,87.50 100,93 100,100 0,100; 1,2 3,4 5.01,6")
    #expect(try OwnParts(text: parts.text, name: "y") == parts)
  }

  @Test(
    "what is no polygon is refused with its line",
    arguments: [
      ("", "x: no polygon"), ("# nothing", "x: no polygon"), ("0,0 1,1", "x:1: a polygon of 2 corners"),
      ("0,0 1,1 2,2\n0,0 1,1 101,5", "x:2: '101,5' is no corner"), ("a,0 1,1 2,2", "x:1: 'a,0' is no corner"),
      ("0,0 1,1 2", "x:1: '2' is no corner"), ("0,0 1,1 nan,2", "x:1: 'nan,2' is no corner"),
    ])
  func refused(_ text: String, _ cause: String) {
    let error = thrown(RoadError.self) { try OwnParts(text: text, name: "x") }
    #expect(error?.cause == cause)
  }
}
