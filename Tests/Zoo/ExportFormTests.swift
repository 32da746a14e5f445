import Foundation
import RoadBase
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadModel
import RoadQuantizer
import RoadSegmentation
import Testing

/// One small network in the many ways in which exporters say it (`make_exports.py`), against ONNX Runtime's class maps
/// of the same file.
@Suite struct ExportFormTests {
  static let folder = ZooNetwork.folder.appending(path: "Exports")
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".onnx") }.sorted()
  static let floatNames = names.filter { !$0.hasPrefix("quantized") }

  @Test func exportsAreThere() { #expect(Self.names.count >= 68) }

  @Test("in floats, every pixel has ONNX Runtime's class", arguments: floatNames)
  func float(name: String) throws {
    let graph = try Self.graph(name)
    let segmenter = try Segmenters.make(graph, name: name, classes: Self.classes(name), threads: 1)
    #expect(segmenter.arithmetic == "float32")
    #expect(try Self.agreement(segmenter, graph) > 0.9995)
  }

  @Test("quantized, nearly every pixel has it", arguments: names)
  func integers(name: String) throws {
    var graph = try Self.graph(name)
    let expected = graph
    if !graph.isQuantized {
      let float = try graph.simplified()
      graph = try Quantizer(float).quantize(count: 4) { (index) throws(RoadError) in
        NetworkInput.tensor(of: try Self.picture(index), size: Self.size)
      }
    }
    let segmenter = try Segmenters.make(graph, name: name, classes: Self.classes(name), threads: 1)
    #expect(segmenter.arithmetic == "int8")
    // Who quantized it: the file itself, or the tests.
    #expect(try Self.agreement(segmenter, expected) > (expected.isQuantized ? 0.995 : 0.95))
  }

  private static let size = PictureSize(width: 48, height: 32)
  private static let classes = ClassTable(
    (0..<5).map { RoadClass(name: "class \($0)", colour: Colour(UInt8($0), 0, 0)) }, drivable: 0)

  /// Those that tell how much a pixel is road have the table that such models get by themselves.
  private static func classes(_ name: String) -> ClassTable? { name.hasPrefix("road-") ? nil : classes }

  private static func graph(_ name: String) throws -> ModelGraph {
    try ONNXReader.read(path: folder.appending(path: name).path)
  }

  /// The left top of an evaluation picture.
  private static func picture(_ index: Int) throws(RoadError) -> Picture {
    let whole = try PictureFile.read(ZooNetwork.folder.appending(path: "Pictures/evaluation-\(index).png").path)
    let part = Picture(size: size)
    for y in 0..<size.height {
      for byte in 0..<4 * size.width { part.row(y)[byte] = whole.row(y)[byte] }
    }
    return part
  }

  private static func agreement(_ segmenter: any PictureSegmenter, _ graph: ModelGraph) throws -> Double {
    let expected = try #require(graph.initializers["golden_classes"]?.integers)
    var equal = 0
    for index in 0..<4 {
      let map = try segmenter.classMap(of: picture(index), size: size)
      equal += zip(map.bytes, expected[(index * size.pixels)...]).filter { Int($0) == $1 }.count
    }
    return Double(equal) / Double(expected.count)
  }
}
