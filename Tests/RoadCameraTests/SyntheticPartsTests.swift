import RoadBase
import RoadCamera
import Testing

@Suite struct SyntheticPartsTests {
  private static let size = PictureSize(width: 320, height: 240)

  @Test("what of the car is seen is said by name")
  func names() throws {
    #expect(try SyntheticParts.of(source: "synthetic") == [])
    #expect(try SyntheticParts.of(source: "synthetic:bonnet,stamp") == [.bonnet, .stamp])
    #expect(try SyntheticParts.of(source: "synthetic:reflection") == .reflection)
    #expect(try SyntheticParts.of(source: "drive.mp4") == nil)
    for word in ["synthetic:", "synthetic:wing", "synthetic:bonnet,"] {
      #expect(throws: RoadError.self) { try SyntheticParts.of(source: word) }
    }
    let road = try SyntheticRoad(seed: 4, parts: [.bonnet, .stamp])
    #expect(road.properties.name == "synthetic road with bonnet, stamp, seed 4")
  }

  @Test("bonnet and stamp hide the road, frame after frame in the same place; all else is as it was")
  func hides() throws {
    let parts: SyntheticParts = [.bonnet, .stamp]
    let (bare, own) = (
      try SyntheticScene(size: Self.size, seed: 2), try SyntheticScene(size: Self.size, seed: 2, parts: parts)
    )
    let hidden = own.ownParts()
    #expect(!bare.ownParts().contains(1))
    #expect((0.05...0.2).contains(Double(hidden.reduce(0) { $0 + Int($1) }) / Double(Self.size.pixels)))
    for frame in [0, 31, 400] as [UInt64] {
      let (before, after) = (SyntheticRoadTests.render(bare, frame), SyntheticRoadTests.render(own, frame))
      for index in hidden.indices {
        let isSame = before.pixels[4 * index..<4 * index + 4] == after.pixels[4 * index..<4 * index + 4]
        if hidden[index] == 0 {
          #expect(isSame && before.classes[index] == after.classes[index])
        } else {
          #expect(after.classes[index] != SyntheticClass.drivable.rawValue)
        }
      }
    }
  }

  @Test("the stamp tells the time: it changes once a second, by day and by dusk")
  func stamp() throws {
    let scene = try SyntheticScene(size: Self.size, seed: 2, parts: .stamp)
    let own = scene.ownParts()
    let inside = own.indices.filter { own[$0] == 1 }
    func digits(_ frame: UInt64) -> [Bool] {
      let pixels = SyntheticRoadTests.render(scene, frame).pixels
      return inside.map { pixels[4 * $0 + 1] > 128 }
    }
    #expect(digits(30) == digits(59) && digits(59) != digits(60) && digits(1300) != digits(1330))
  }

  @Test("the reflection lies over the road, which stays road")
  func reflection() throws {
    let (bare, glass) = (
      try SyntheticScene(size: Self.size, seed: 2), try SyntheticScene(size: Self.size, seed: 2, parts: .reflection)
    )
    let (before, after) = (SyntheticRoadTests.render(bare, 10), SyntheticRoadTests.render(glass, 10))
    #expect(before.classes == after.classes && before.pixels != after.pixels && !glass.ownParts().contains(1))
  }
}
