import RoadBase
import RoadMask
import Testing

@Suite struct FlickerMeterTests {
  private static let size = PictureSize(width: 64, height: 48)

  /// A grey picture of vertical stripes, moved to the right by so many pixels.
  private static func picture(moved: Int, brighter: Int = 0) -> [UInt8] {
    (0..<size.pixels).flatMap { (index: Int) -> [UInt8] in
      let column = index % size.width - moved + 640
      let value = UInt8(40 + column % 32 * 5 + brighter)
      return [value, value, value, 255]
    }
  }

  private static func map(roadFrom column: Int) -> ClassMap {
    let map = ClassMap(size: size)
    for index in map.bytes.indices where index % size.width >= column { map.bytes[index] = 1 }
    return map
  }

  private static func road(from column: Int) -> [UInt8] {
    let map = map(roadFrom: column)
    return withExtendedLifetime(map) { Array(map.bytes) }
  }

  private static func sums(_ frames: [(picture: [UInt8], map: ClassMap, truth: [UInt8]?)]) -> FlickerMeter.Sums {
    let change = PictureChange(of: size)
    var meter = FlickerMeter(road: 1)
    for (index, frame) in frames.enumerated() {
      change.begin(isFresh: false)
      frame.picture.withUnsafeBufferPointer { pixels in
        for strip in 0..<change.strips {
          change.fill(strip: strip, from: pixels.baseAddress!, rowPitch: 4 * size.width)
        }
      }
      for strip in 0..<change.strips { change.match(strip: strip) }
      _ = change.finish(limit: .max)
      meter.add(frame.map, change, hasMatch: index > 0, truth: frame.truth)
    }
    return meter.sums
  }

  @Test("an edge that jumps over a picture that stands still is flicker")
  func stillPicture() {
    let still = Self.picture(moved: 0)
    let sums = Self.sums([(still, Self.map(roadFrom: 20), nil), (still, Self.map(roadFrom: 24), nil)])
    #expect(sums.flips == 4 * 48 && sums.still == Self.size.pixels && sums.changed == 4 * 48)
    #expect(sums.flicker == 4.0 / 64 && sums.roadIoU == nil)
  }

  @Test("an edge that goes with the picture is none, an edge that stays behind is")
  func movingPicture() {
    let (first, second) = (Self.picture(moved: 0), Self.picture(moved: 4))
    let along = Self.sums([(first, Self.map(roadFrom: 24), nil), (second, Self.map(roadFrom: 28), nil)])
    #expect(along.flips == 0 && along.changed == 4 * 48 && along.still > Self.size.pixels / 2)
    let behind = Self.sums([(first, Self.map(roadFrom: 24), nil), (second, Self.map(roadFrom: 24), nil)])
    #expect(behind.flips > 2 * 48 && behind.changed == 0)
  }

  @Test("where the picture changed nothing is flicker; the truth counts all the same")
  func truth() {
    let truth = Self.road(from: 24)
    let sums = Self.sums([
      (Self.picture(moved: 0), Self.map(roadFrom: 24), truth),
      (Self.picture(moved: 0, brighter: 30), Self.map(roadFrom: 32), truth),
    ])
    #expect(sums.flips == 0 && sums.still == 0)
    #expect(sums.falseFlips == 8 * 48 && sums.trulySame == Self.size.pixels)
    #expect(sums.union == 2 * 40 * 48 && sums.common == 72 * 48)
  }

  @Test("masks that come two frames late have a lag of two", arguments: [0, 1, 2])
  func lag(_ delay: Int) throws {
    var meter = LagMeter(road: 1)
    for frame in 0..<20 {
      meter.add(Self.map(roadFrom: 5 + 2 * max(frame - delay, 0)), other: Self.road(from: 5 + 2 * frame))
    }
    #expect(abs(try #require(meter.lag) - Double(delay)) < 0.01)
  }
}
