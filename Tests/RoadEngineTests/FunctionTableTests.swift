import Foundation
import RoadBase
import RoadEngine
import RoadModel
import Testing

/// The engine's table of every function of the catalogue, against the numbers of
/// Tests/RoadModelTests/make_functions.py.
@Suite struct FunctionTableTests {
  @Test("a table is QuantizeLinear of the function of DequantizeLinear", arguments: OperatorCatalogue.functionNames)
  func agrees(operation: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "RoadModelTests/Goldens/functions")
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let golden = try ONNXReader.read(path: folder.appending(path: file).path)
      guard let node = golden.nodes.first, node.operation == operation else { continue }
      let inputs = try #require(golden.initializers["golden_input"]).floats.prefix(256)
      let exact = try #require(golden.initializers["golden_exact"]).floats.prefix(256)
      let finite = exact.filter(\.isFinite)
      let (low, high) = (min(finite.min() ?? 0, 0), max(finite.max() ?? 0, 1e-3))
      let scale = min((high - low) / 255, 1000)
      let to = Quantization(scale: scale, zeroPoint: UInt8(min(max((-low / scale).rounded(), 0), 255)))
      let bytes = try table(of: node, to: to)
      // Where the function's domain ends, the golden has another input than the byte's number.
      for byte in 0..<256 where inputs[byte] == Float(0.05) * Float(byte - 128) {
        #expect(bytes[byte] == to.quantize(exact[byte]), "\(file): byte \(byte)")
      }
      count += 1
    }
    #expect(count > 0)
  }

  /// What the engine makes of the 256 bytes with scale 0.05 and zero-point 128.
  private func table(of node: Node, to: Quantization) throws -> [UInt8] {
    var graph = QuantizedGraph(height: 4, width: 64)
    let scale = graph.constant("scale", floats: [0.05])
    let scaled = graph.add("Mul", ["image", scale])
    let centre = graph.constant("centre", floats: [6.4])
    let numbers = graph.quantize(graph.add("Sub", [scaled, centre]), scale: 0.05, zeroPoint: 128, channels: 3)
    let result = graph.quantize(
      graph.add(node.operation, [numbers.name], node.attributes), scale: to.scale, zeroPoint: to.zeroPoint, channels: 3)
    // A Sigmoid at the end would be taken off.
    let last = graph.add("MaxPool", [result.name], ["kernel_shape": .integers([1, 1])])
    let model = graph.finish(graph.quantize(last, scale: to.scale, zeroPoint: to.zeroPoint, channels: 3))
    let engine = try Engine(model: model)
    for byte in 0..<256 {
      for channel in 0..<3 { engine.input.pixel(byte / 64, byte % 64)[channel] = UInt8(byte) }
    }
    engine.run()
    return (0..<256).map { engine.scores.pixel($0 / 64, $0 % 64)[0] }
  }
}
