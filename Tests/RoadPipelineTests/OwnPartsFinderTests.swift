import CAllocationCounter
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import Testing

/// Against the truth of the synthetic road, with what of the car it was told to show.
@Suite struct OwnPartsFinderTests {
  private static let size = PictureSize(width: 480, height: 360)

  private static func found(_ scene: SyntheticScene, frames: Int, step: Int) -> (finder: OwnPartsFinder, own: [Bool]) {
    let picture = Picture(size: size)
    let grey = LumaPlane(halving: size)
    let finder = OwnPartsFinder(size: grey.size)
    for frame in 0..<frames {
      scene.render(frame: UInt64(frame * step), pixels: picture.base, rowPitch: picture.rowPitch)
      grey.fill(rows: 0..<grey.size.height, from: picture.base, rowPitch: picture.rowPitch)
      finder.add(grey)
    }
    return (finder, finder.found())
  }

  @Test("bonnet and stamp are found, and next to nothing of the road", arguments: [1, 3] as [UInt64])
  func found(_ seed: UInt64) throws {
    let scene = try SyntheticScene(size: Self.size, seed: seed, parts: [.bonnet, .stamp])
    let (finder, own) = Self.found(scene, frames: 150, step: 8)
    #expect(finder.frames == 150 && finder.movingFrames > 140)
    let truth = scene.ownParts()
    let isOwn = own.indices.map { index in
      truth[2 * (index / finder.size.width) * Self.size.width + 2 * (index % finder.size.width)] == 1
    }
    let all = isOwn.filter { $0 }.count
    let hits = own.indices.filter { own[$0] && isOwn[$0] }.count
    let wrong = own.indices.filter { own[$0] && !isOwn[$0] }.count
    #expect(Double(hits) >= 0.95 * Double(all), "\(hits) of \(all)")
    #expect(Double(wrong) <= 0.05 * Double(own.count), "\(wrong) of \(own.count)")

    // As polygons nearly the same, and never road afterwards.
    let parts = try #require(OwnParts(outlining: own, size: finder.size))
    let map = ClassMap(size: finder.size)
    OwnPartsMask(parts, size: finder.size, road: 0).apply(to: map)
    let drawn = map.bytes.map { $0 == 1 }
    let different = own.indices.filter { own[$0] != drawn[$0] }.count
    #expect(different * 20 <= own.filter { $0 }.count, "\(different)")
    #expect(parts.polygons[0].contains { $0.y > 9500 }, "the bonnet is the largest")
  }

  @Test("adding up takes no memory, and begins anew where it is told to")
  func memory() throws {
    let scene = try SyntheticScene(size: Self.size, seed: 1, parts: [.bonnet])
    let (finder, own) = Self.found(scene, frames: 30, step: 8)
    let copy = OwnPartsFinder(size: finder.size)
    copy.copySums(from: finder)
    #expect(copy.found() == own && copy.movingFrames == finder.movingFrames)
    let grey = LumaPlane(halving: Self.size)
    let counter = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
    counter.initialize(to: 0)
    defer { counter.deallocate() }
    count_allocations_of_this_thread_into(counter)
    finder.add(grey)
    finder.add(grey)
    finder.clear()
    count_allocations_of_this_thread_into(nil)
    #expect(counter.pointee == 0 && finder.frames == 0 && !finder.found().contains(true))
  }

  @Test("a car that stands has no moving frames, and one without parts finds none at the bottom")
  func nothing() throws {
    let bare = try SyntheticScene(size: Self.size, seed: 1)
    let standing = Self.found(bare, frames: 20, step: 0)
    #expect(standing.finder.frames == 20 && standing.finder.movingFrames == 0)
    let (finder, own) = Self.found(bare, frames: 150, step: 8)
    let bottom = own.suffix(finder.size.width * finder.size.height * 3 / 10)
    #expect(bottom.filter { $0 }.count * 200 < bottom.count)
  }

  @Test("outlines of boxes are the boxes; parts that touch at a corner stay two; holes are filled")
  func outlines() throws {
    let size = PictureSize(width: 40, height: 20)
    func set(_ boxes: [(Range<Int>, Range<Int>)]) -> [Bool] {
      (0..<size.pixels).map { index in
        boxes.contains { $0.0.contains(index % size.width) && $0.1.contains(index / size.width) }
      }
    }
    let box = try #require(OwnParts(outlining: set([(4..<20, 10..<20)]), size: size))
    #expect(box.text == "10,50 50,50 50,100 10,100")
    let two = try #require(OwnParts(outlining: set([(0..<8, 0..<4), (8..<12, 4..<8)]), size: size))
    #expect(two.text == "0,0 20,0 20,20 0,20; 20,20 30,20 30,40 20,40")
    let ring = set([(0..<40, 0..<5), (0..<40, 15..<20), (0..<10, 0..<20), (30..<40, 0..<20)])
    #expect(OwnParts(outlining: ring, size: size)?.text == "0,0 100,0 100,100 0,100")
    #expect(OwnParts(outlining: set([]), size: size) == nil)
  }
}
