import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadModel
import RoadPipeline
import RoadSeg
import RoadSegmentation
import Testing

/// The drift alarm on the shipped network: frames of the synthetic road as they are, and made unlike any road.
@Suite("Drift through the shipped network", .serialized) struct DriftTests {
  /// What is done to a byte of red, green or blue (0, 1, 2).
  struct Change: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let isDrift: Bool
    let byte: @Sendable (_ value: Int, _ channel: Int, _ noise: Int) -> Int
  }

  static let changes = [
    Change(testDescription: "as it is", isDrift: false) { value, _, _ in value },
    Change(testDescription: "dusk: half the light", isDrift: false) { value, _, _ in value / 2 },
    Change(testDescription: "a warm evening", isDrift: false) { value, channel, _ in value * (10 - channel) / 10 },
    Change(testDescription: "a little noise", isDrift: false) { value, _, noise in value + noise / 16 },
    Change(testDescription: "nearly red alone", isDrift: true) { value, channel, _ in channel == 0 ? value : value / 5
    },
    Change(testDescription: "heavy noise", isDrift: true) { value, _, noise in value + noise },
    Change(testDescription: "four times the contrast", isDrift: true) { value, _, _ in 128 + (value - 128) * 4 },
  ]

  private static let size = PictureSize(width: 480, height: 360)
  /// Each of the pictures is looked at several times.
  private static let (seen, turns) = (8, 4)

  @Test("32 looks raise it for what drifts, not for what is usual", arguments: changes)
  func alarm(_ change: Change) throws {
    let network = try Self.network.get()
    let usual = try #require(network.segmenter(for: Self.size).usual)
    var watch = DriftWatch(usual: usual)
    var random: UInt64 = 7
    let map = ClassMap(size: Self.size)
    var (shares, sure) = ([Double](), [Double]())
    for original in try Self.pictures.get() {
      let picture = Picture(size: Self.size)
      for y in 0..<Self.size.height {
        let (row, from) = (picture.row(y), original.row(y))
        for x in 0..<Self.size.width {
          for channel in 0..<3 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let noise = Int(random >> 56) - 128
            row[4 * x + channel] = UInt8(clamping: change.byte(Int(from[4 * x + channel]), channel, noise))
          }
        }
      }
      // A new one looks at its first frame.
      let times = network.segmenter(for: Self.size).segment(.picture(picture), into: map)
      shares.append(try #require(times.saturated))
      sure.append(try #require(times.roadConfidence?.mean))
    }
    for _ in 0..<Self.turns {
      for (share, road) in zip(shares, sure) { watch.look(share, road: road, isSeen: true) }
    }
    let mean = (shares.reduce(0, +) / Double(shares.count), sure.reduce(0, +) / Double(sure.count))
    #expect(watch.isRaised == change.isDrift, "saturated \(mean.0), sure \(mean.1); usually \(usual)")
    #expect(shares.count == Self.seen && Self.seen * Self.turns >= DriftWatch.patience)
  }

  @Test(
    "what is usual is known of every shipped network, and the synthetic road is not far from it",
    arguments: ShippedModels.names)
  func usual(_ name: String) throws {
    let network = try IntegerSegmenter(ShippedModels.load(name), name: name, classes: nil, threads: 1)
    let segmenter = network.segmenter(for: Self.size)
    let usual = try #require(segmenter.usual?.road)
    let picture = try #require(try Self.pictures.get().first)
    let sure = try #require(segmenter.segment(.picture(picture), into: ClassMap(size: Self.size)).roadConfidence?.mean)
    #expect((0.6 * usual...1.5 * usual).contains(sure), "sure \(sure), usually \(usual)")
  }

  @Test("what a network does with pictures is their mean, and what spares all but a few; the model keeps it")
  func measured() throws {
    let network = try Self.network.get()
    let pictures = try Self.pictures.get()
    func usual(_ indices: [Int]) throws -> UsualActivity {
      try #require(try network.usualActivity(count: indices.count) { pictures[indices[$0]] })
    }
    let each = try pictures.indices.map { try usual([$0]) }
    let all = try usual(Array(pictures.indices))
    let roads = try each.map { try #require($0.road) }
    let mean = roads.reduce(0, +) / Double(roads.count)
    // One picture alone gives its own share: 2.5 times that spares it.
    let shares = each.map(\.saturated)
    let spared = ((shares.max() ?? 0) - 0.002) / 2.5
    #expect(abs(all.saturated - max(shares.reduce(0, +) / Double(each.count), spared)) < 1e-12)
    #expect(abs((all.road ?? 0) - mean) < 1e-9)
    let least = try #require(roads.min())
    #expect(abs(all.doubtful - min(0.8, least / mean)) < 1e-9)
    let none = try network.usualActivity(count: 0) { pictures[$0] }
    #expect(none == nil)

    var model = try ShippedModels.load("contextnet")
    model.note(all)
    let kept = try IntegerSegmenter(
      ONNXReader.read(bytes: ONNXWriter.write(model)), name: "kept", classes: nil, threads: 1)
    let read = try #require(kept.segmenter(for: Self.size).usual)
    #expect(abs(read.saturated - all.saturated) < 1e-4 && abs((read.road ?? 0) - mean) < 1e-4)
    #expect(abs(read.doubtful - all.doubtful) < 1e-4)
  }

  /// Read and planned once for all changes, which are tried one after the other.
  private static nonisolated(unsafe) let network = Result { () throws(RoadError) in
    try IntegerSegmenter(ShippedModels.load("contextnet"), name: "contextnet", classes: nil, threads: 1)
  }

  /// A frame of each third of a second of the synthetic road; drawn once.
  private static let pictures = Result { () throws(RoadError) in
    let scene = try SyntheticScene(size: size, seed: 3)
    return (1...seen).map { number in
      let picture = Picture(size: size)
      scene.render(frame: UInt64(10 * number - 1), pixels: picture.base, rowPitch: picture.rowPitch)
      return picture
    }
  }
}
