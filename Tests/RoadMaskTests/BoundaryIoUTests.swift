import RoadBase
import RoadMask
import RoadTestSupport
import Testing

@Suite struct BoundaryIoUTests {
  private static func map(_ size: PictureSize, _ value: (Int, Int) -> UInt8) -> ClassMap {
    let map = ClassMap(size: size)
    for index in 0..<size.pixels { map.bytes[index] = value(index % size.width, index / size.width) }
    return map
  }

  /// The definition, pixel by pixel.
  private static func naive(_ mask: ClassMap, _ label: ClassMap, road: UInt8) -> Double? {
    let (size, d) = (mask.size, BoundaryIoU.distance(mask.size))
    func isRoad(_ map: ClassMap, _ x: Int, _ y: Int) -> Bool {
      guard x >= 0, y >= 0, x < size.width, y < size.height else { return false }
      let index = y * size.width + x
      return map.bytes[index] == road && label.bytes[index] != ClassMap.void
    }
    func isEdge(_ map: ClassMap, _ x: Int, _ y: Int) -> Bool {
      isRoad(map, x, y) && (-d...d).contains { v in (-d...d).contains { u in !isRoad(map, x + u, y + v) } }
    }
    var (common, union) = (0, 0)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let (found, wanted) = (isEdge(mask, x, y), isEdge(label, x, y))
        if found && wanted { common += 1 }
        if found || wanted { union += 1 }
      }
    }
    return union == 0 ? nil : Double(common) / Double(union)
  }

  @Test("any masks and labels, with pixels of no label, against the definition")
  func definition() throws {
    var random = SplitMix(state: 31)
    for (width, height) in [(90, 70), (150, 40), (7, 5)] {
      let size = PictureSize(width: width, height: height)
      for _ in 0..<6 {
        let (a, b) = (random.integer(0...width), random.integer(0...height))
        let label = Self.map(size) { x, y in (x * 7 + y) % 31 == 0 && x > a ? ClassMap.void : y + x / 4 > b ? 2 : 0 }
        let mask = Self.map(size) { x, y in y + x / 3 > b + 2 ? 2 : 1 }
        var score = BoundaryIoU(road: 2)
        score.add(mask, label: label)
        #expect(score.value == Self.naive(mask, label, road: 2))
      }
    }
  }

  @Test("one for the same, over all pictures together, nil without road; a shift counts more than in IoU")
  func properties() throws {
    let size = PictureSize(width: 100, height: 100)
    let (left, shifted) = (Self.map(size) { x, _ in x < 50 ? 0 : 1 }, Self.map(size) { x, _ in x < 52 ? 0 : 1 })
    #expect(BoundaryIoU.distance(size) == 3 && BoundaryIoU.distance(PictureSize(width: 480, height: 360)) == 12)
    var same = BoundaryIoU(road: 0)
    #expect(same.value == nil)
    same.add(left, label: left)
    #expect(same.value == 1)
    var moved = BoundaryIoU(road: 0)
    moved.add(shifted, label: left)
    #expect(try #require(moved.value) < 0.8)
    let apart = (same.common, moved.common, same.union, moved.union)
    same.add(shifted, label: left)
    #expect(same.common == apart.0 + apart.1 && same.union == apart.2 + apart.3)
  }
}
