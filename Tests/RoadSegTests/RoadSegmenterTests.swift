import Foundation
import RoadSeg
import Testing

@Suite("The library product")
struct RoadSegmenterTests {
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  /// A small int8 network; the shipped one comes with its own tests.
  private static let model = tests.appending(path: "RoadEngineTests/Goldens/whole-int8.onnx").path
  private static let picture = tests.appending(path: "RoadCameraTests/Goldens/frame-1.jpg").path

  /// The README's example, with a small model and a picture that is here.
  @Test("the ten-line example works")
  func example() throws {
    let overlay = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).jpg").path
    defer { try? FileManager.default.removeItem(atPath: overlay) }

    let segmenter = try RoadSegmenter(model: Self.model)
    let picture = try PictureFile.read(Self.picture)
    let map = segmenter.segment(picture)
    let road = map.count(of: segmenter.classes.drivable)
    print("\(100 * road / map.size.pixels) % of the picture is road")
    OverlayRenderer(size: picture.size, classes: segmenter.classes).draw(map, on: picture)
    try JPEGEncoder(largest: picture.size).write(picture, to: overlay)

    #expect(map.size == picture.size)
    #expect(map.bytes.allSatisfy { Int($0) < segmenter.classes.count })
    #expect(try PictureFile.read(overlay).size == picture.size)
  }

  @Test("any number of threads gives the same classes")
  func sameClasses() throws {
    let picture = try PictureFile.read(Self.picture)
    let one = try RoadSegmenter(model: Self.model, threads: 1).segment(picture)
    let three = try RoadSegmenter(model: Self.model, threads: 3).segment(picture)
    #expect(Array(one.bytes) == Array(three.bytes))
  }

  @Test("a float model is one clear error: the library runs integers only")
  func floatModel() throws {
    let float = Self.tests.appending(path: "RoadQuantizerTests/Goldens/float.onnx").path
    #expect(throws: RoadError.self) { _ = try RoadSegmenter(model: float) }
  }

  @Test("a model that is not there is one clear error")
  func missingModel() {
    #expect(throws: RoadError.self) { _ = try RoadSegmenter(model: "/no/such.onnx") }
  }

  @Test(
    "the shipped networks load by name, say their terms and what they were calibrated on, and know a road",
    arguments: [
      ("contextnet", 7, "drivable"), ("deeplabv3plus", 7, "drivable"), ("fcn8s", 7, "drivable"),
      ("contextnet-camvid11", 11, "Road"), ("deeplabv3plus-camvid11", 11, "Road"),
    ])
  func shipped(name: String, classes: Int, road: String) throws {
    #expect(ShippedModels.names.contains(name))
    let graph = try ShippedModels.load(name)
    #expect(graph.metadata["roadseg.calibration"]?.contains("sha256") == true)
    let segmenter = try RoadSegmenter(model: name)
    #expect(segmenter.terms?.contains("not for commercial use") == true)
    #expect(segmenter.classes.count == classes && segmenter.classes[segmenter.classes.drivable].name == road)
    // The built-in road: grey at the bottom, sky at the top.
    let size = PictureSize(width: 480, height: 360)
    let picture = Picture(size: size)
    try SyntheticScene(size: size, seed: 1).render(frame: 30, pixels: picture.base, rowPitch: picture.rowPitch)
    let map = segmenter.segment(picture)
    let lowest = map.bytes[(size.pixels - 40 * size.width)...]
    #expect(lowest.count { $0 == segmenter.classes.drivable } > lowest.count * 3 / 4)
    #expect(!map.bytes[..<(40 * size.width)].contains(segmenter.classes.drivable))
  }

  private static let sizes = [
    PictureSize(width: 320, height: 240), PictureSize(width: 240, height: 180), PictureSize(width: 481, height: 361),
    PictureSize(width: 161, height: 97),
  ]

  @Test("the shipped networks run at other sizes than their own", arguments: ShippedModels.names, sizes)
  func otherSizes(name: String, inputSize: PictureSize) throws {
    let size = PictureSize(width: 480, height: 360)
    let picture = Picture(size: size)
    try SyntheticScene(size: size, seed: 1).render(frame: 30, pixels: picture.base, rowPitch: picture.rowPitch)
    let small = try RoadSegmenter(model: name, inputSize: inputSize, threads: 2)
    let (map, own) = (small.segment(picture), try RoadSegmenter(model: name, threads: 2).segment(picture))
    let road = small.classes.drivable
    let (both, either) = zip(map.bytes, own.bytes).reduce(into: (0, 0)) { counts, pair in
      counts.0 += pair.0 == road && pair.1 == road ? 1 : 0
      counts.1 += pair.0 == road || pair.1 == road ? 1 : 0
    }
    // What a fifth of the pixels still shows is the same road, less exactly.
    #expect(Double(both) / Double(either) > (inputSize.width < 240 ? 0.7 : 0.8))
  }
}
