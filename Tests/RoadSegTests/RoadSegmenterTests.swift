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
    let map = try segmenter.segment(picture)
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

  @Test("a model that is not there is one clear error")
  func missingModel() {
    #expect(throws: RoadError.self) { _ = try RoadSegmenter(model: "/no/such.onnx") }
  }
}
