import CAllocationCounter
import Glibc
import RoadBase
import RoadCamera
import RoadFrame
import Testing

/// The synthetic road: the same bytes everywhere, a truth that agrees with the geometry, and a source that keeps time.
@Suite struct SyntheticRoadTests {
  static let small = PictureSize(width: 160, height: 120)

  struct Rendering: Equatable {
    var pixels: [UInt8]
    var classes: [UInt8]
  }

  static func render(_ scene: SyntheticScene, _ frame: UInt64) -> Rendering {
    let size = scene.size
    let picture = Picture(size: size)
    let classes = UnsafeMutablePointer<UInt8>.allocate(capacity: size.pixels)
    defer { classes.deallocate() }
    classes.initialize(repeating: 99, count: size.pixels)
    scene.render(frame: frame, pixels: picture.base, rowPitch: picture.rowPitch, classes: classes)
    let pixels = (0..<size.height).flatMap { UnsafeBufferPointer(start: picture.row($0), count: 4 * size.width) }
    return Rendering(
      pixels: pixels, classes: Array(UnsafeBufferPointer(start: classes, count: size.pixels)))
  }

  /// FNV-1a, 64 bits.
  static func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  static let goldens: [(width: Int, height: Int, seed: UInt64, frame: UInt64, pixels: UInt64, classes: UInt64)] = [
    (640, 480, 1, 0, 0x302C_0DD1_31A1_3726, 0x314C_F8CA_9966_71E7),
    (640, 480, 1, 1300, 0x82D4_C6B4_FF3B_66EE, 0x1B72_2F46_9F8D_3EBA),
    (321, 241, 7, 777, 0xFB84_74EE_797B_AE88, 0xDA34_C3DA_4F0C_2495),
    (160, 120, 1, 1_000_000_007, 0xE7B5_34BC_1D01_A3E0, 0xB2E3_203F_6477_0D9F),
  ]

  /// The promise that every board renders the same bytes; a change of the scene changes these numbers on purpose.
  @Test(arguments: goldens.indices) func bytesAreTheSameOnEveryMachine(index: Int) throws {
    let golden = Self.goldens[index]
    let scene = try SyntheticScene(size: PictureSize(width: golden.width, height: golden.height), seed: golden.seed)
    let rendering = Self.render(scene, golden.frame)
    #expect(Self.hash(rendering.pixels) == golden.pixels)
    #expect(Self.hash(rendering.classes) == golden.classes)
  }

  @Test func aFrameDependsOnItsNumberAndTheSeedOnly() throws {
    let scene = try SyntheticScene(size: Self.small, seed: 3)
    let wanted = Self.render(scene, 500)
    _ = Self.render(scene, 7)
    #expect(Self.render(scene, 500) == wanted)
    #expect(Self.render(try SyntheticScene(size: Self.small, seed: 3), 500) == wanted)
    #expect(Self.render(try SyntheticScene(size: Self.small, seed: 4), 500).pixels != wanted.pixels)
    #expect(Self.render(scene, 501).pixels != wanted.pixels)
    #expect(scene.groundTruth(frame: 500) == wanted.classes)
  }

  /// On the straight and level start a road of 8 m under a camera at 1.4 m is 8 ÷ 1.4 pixels wider with every row.
  @Test func theTruthIsThePerspectiveOfTheRoad() throws {
    let scene = try SyntheticScene(size: SyntheticRoad.defaultSize, seed: 1)
    let truth = scene.groundTruth(frame: 0)
    func width(_ y: Int) throws -> Int {
      let row = truth[(y * 640)..<((y + 1) * 640)]
      let first = try #require(row.firstIndex(of: SyntheticClass.drivable.rawValue))
      let last = try #require(row.lastIndex(of: SyntheticClass.drivable.rawValue))
      return last - first + 1
    }
    // Rows between the foot of the car ahead and where the road leaves the picture.
    for y in stride(from: 235, through: 260, by: 5) {
      let growth = try width(y + 20) - width(y)
      #expect(abs(growth - 114) <= 3, "row \(y): \(growth) pixels in 20 rows")
    }
  }

  /// The middle of our lane, a few metres ahead, is road in every frame; above the horizon none is.
  @Test func theRoadLiesBeforeUsNotInTheSky() throws {
    let scene = try SyntheticScene(size: Self.small, seed: 2)
    for frame in stride(from: UInt64(0), to: 4000, by: 97) {
      let truth = scene.groundTruth(frame: frame)
      #expect(truth[119 * 160 + 80] == SyntheticClass.drivable.rawValue, "frame \(frame)")
      #expect(!truth.prefix(30 * 160).contains(SyntheticClass.drivable.rawValue), "frame \(frame)")
      #expect(truth.allSatisfy { $0 < 7 }, "frame \(frame)")
    }
  }

  @Test func theSceneHasWhatADriverMeets() throws {
    let scene = try SyntheticScene(size: Self.small, seed: 1)
    var seen = Set<UInt8>()
    for frame in stride(from: UInt64(0), to: 2400, by: 60) { seen.formUnion(scene.groundTruth(frame: frame)) }
    let expected: [SyntheticClass] = [.drivable, .nonDrivable, .vehicles, .roadsideObjects, .farObjects, .sky]
    #expect(seen == Set(expected.map(\.rawValue)))
  }

  @Test func duskIsDarkerThanDay() throws {
    let scene = try SyntheticScene(size: Self.small, seed: 1)
    func brightness(_ frame: UInt64) -> Int {
      // The fourth byte of every pixel is 255.
      Self.render(scene, frame).pixels.reduce(0) { $0 + Int($1) } / Self.small.pixels - 255
    }
    // Noon, dusk, and the noon after.
    #expect(brightness(1560) * 4 < brightness(0) * 3)
    #expect(brightness(2400) * 3 > brightness(1560) * 4)
  }

  @Test func renderingAllocatesNothing() throws {
    let scene = try SyntheticScene(size: Self.small, seed: 1)
    let picture = Picture(size: Self.small)
    scene.render(frame: 0, pixels: picture.base, rowPitch: picture.rowPitch)
    let before = allocation_count_of_this_thread()
    for frame in 1..<50 { scene.render(frame: UInt64(frame * 7), pixels: picture.base, rowPitch: picture.rowPitch) }
    #expect(allocation_count_of_this_thread() == before)
  }

  @Test func withoutARateEveryFrameComesAndThenTheEnd() throws {
    let road = try SyntheticRoad(size: Self.small, frames: 3)
    #expect(!road.properties.isLive)
    #expect(road.properties.frameCount == 3)
    let frame = Frame(capacity: road.properties.maximumFrameBytes)
    road.start()
    for number in UInt64(0)..<3 {
      #expect(road.read(into: frame, timeout: 0) == .frame(skipped: 0, lost: 0))
      #expect(frame.sequence == number)
      #expect(frame.size == Self.small && frame.format == .rgbx && frame.byteCount == 4 * Self.small.pixels)
      #expect(Array(frame.bytes.prefix(frame.byteCount)) == Self.render(road.scene, number).pixels)
    }
    #expect(road.read(into: frame, timeout: 0) == .ended)
  }

  @Test func aLiveRoadKeepsTimeAndTellsWhatALateReaderMissed() throws {
    let road = try SyntheticRoad(size: Self.small, rate: 20)
    let frame = Frame(capacity: road.properties.maximumFrameBytes)
    road.start()
    let began = MonotonicClock.now()
    #expect(road.read(into: frame, timeout: 1_000_000_000) == .frame(skipped: 0, lost: 0))
    // The second frame falls due after 50 ms: not within a millisecond.
    if MonotonicClock.now() - began < 40_000_000 { #expect(road.read(into: frame, timeout: 1_000_000) == .timedOut) }
    let elapsed = MonotonicClock.now() - began
    if elapsed < 270_000_000 { usleep(UInt32((270_000_000 - elapsed) / 1000)) }
    guard case .frame(let skipped, 0) = road.read(into: frame, timeout: 1_000_000_000) else {
      Issue.record("no frame after 270 ms")
      return
    }
    #expect(skipped >= 4)
    #expect(frame.sequence == UInt64(skipped) + 1)
    #expect(frame.timestampSource == .startOfExposure)
    #expect(frame.timestamp <= MonotonicClock.now())
  }

  @Test func aLiveRoadGivesEveryFrameToWhoAsksForThem() throws {
    let road = try SyntheticRoad(size: Self.small, rate: 100)
    let frame = Frame(capacity: road.properties.maximumFrameBytes)
    road.deliverEveryFrame()
    road.start()
    usleep(60_000)
    for sequence in 0..<8 {
      #expect(road.read(into: frame, timeout: 1_000_000_000) == .frame(skipped: 0, lost: 0))
      #expect(frame.sequence == UInt64(sequence))
    }
  }

  @Test func impossibleRoadsAreRefused() {
    for side in [0, 63, 4097] {
      #expect(throws: RoadError.self) { try SyntheticRoad(size: PictureSize(width: side, height: 480)) }
      #expect(throws: RoadError.self) { try SyntheticRoad(size: PictureSize(width: 640, height: side)) }
    }
    for rate in [0, -1, 1001, Double.nan, .infinity] {
      #expect(throws: RoadError.self) { try SyntheticRoad(rate: rate) }
    }
  }
}
