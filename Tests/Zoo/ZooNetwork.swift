import Foundation
import RoadBase
import RoadEvaluation
import RoadFloat
import RoadFrame
import RoadMask
import RoadModel
import RoadQuantizer
import RoadSegmentation
import Testing

/// One network of the zoo with what it is compared with; `make_zoo.py` made both.
struct ZooNetwork {
  let graph: ModelGraph
  let size: PictureSize
  /// A table of as many classes as the network has.
  let classes: ClassTable
  /// ONNX Runtime's class of each pixel, one map for each evaluation picture.
  let expected: [[UInt8]]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()

  /// Every network that is committed.
  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "Networks").path)
    return (files ?? []).filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(".onnx".count)) }.sorted()
  }()

  init(_ name: String) throws {
    graph = try ONNXReader.read(path: Self.folder.appending(path: "Networks/\(name).onnx").path).simplified()
    size = try graph.pictureInput(name: name).size
    let output = try #require(graph.outputs.first?.name)
    let scores = try #require(try graph.inferTypes().types[output]).shape
    classes = ClassTable(
      (0..<scores[1]).map { RoadClass(name: "class \($0)", colour: Colour(UInt8($0), 0, 0)) }, drivable: 0)
    let maps = try PNG.labels(path: Self.folder.appending(path: "ClassMaps/\(name).png").path)
    try #require(maps.size == PictureSize(width: size.width, height: size.height * Self.evaluationCount))
    expected = (0..<Self.evaluationCount).map { [size] in
      Array(maps.values[$0 * size.pixels..<($0 + 1) * size.pixels])
    }
  }
}

extension ZooNetwork {
  static let evaluationCount = 4
  static let calibrationCount = 8

  /// Picture `index` of a kind as `scene.fit` of the recipe makes it: the left top of it, or, for a network whose input
  /// is taller than the picture, every pixel doubled.
  func picture(_ kind: String, _ index: Int) throws(RoadError) -> Picture {
    let file = Self.folder.appending(path: "Pictures/\(kind)-\(index).png").path
    let whole = try PictureFile.read(file)
    let factor = size.height > whole.size.height ? 2 : 1
    let fitted = Picture(size: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        for channel in 0..<4 { fitted.row(y)[4 * x + channel] = whole.row(y / factor)[4 * (x / factor) + channel] }
      }
    }
    return fitted
  }

  func quantized() throws -> ModelGraph {
    try Quantizer(graph).quantize(count: Self.calibrationCount) { (index) throws(RoadError) in
      NetworkInput.tensor(of: try picture("calibration", index), size: size)
    }
  }

  /// Share of the pixels, over all evaluation pictures, whose class is the one that ONNX Runtime's float run gives
  /// them.
  func agreement(of segmenter: any PictureSegmenter) throws -> Double {
    var equal = 0
    for (index, expected) in expected.enumerated() {
      let map = try segmenter.classMap(of: picture("evaluation", index), size: size)
      equal += zip(map.bytes, expected).filter { $0 == $1 }.count
    }
    return Double(equal) / Double(size.pixels * expected.count)
  }
}
