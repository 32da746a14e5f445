import Foundation
import RoadBase
import RoadFloat
import RoadModel
import Testing

/// ONNX's own tests of single nodes (`node_tests.py`; run by `Tests/check-node-tests`), in the float arithmetic: every
/// number is ONNX's, or the node is refused and listed in `node-refusals.txt` with the reason.
@Suite struct NodeTests {
  static let folder = ProcessInfo.processInfo.environment["ROADSEG_NODE_TESTS"].map { URL(fileURLWithPath: $0) }
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder?.path ?? "")) ?? [])
    .filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(".onnx".count)) }.sorted()

  /// Names of tests, each with a reason behind it.
  private static let refused: Set<String> = {
    let file = ZooNetwork.folder.appending(path: "node-refusals.txt")
    let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? []
    return Set(lines.filter { !$0.hasPrefix("#") }.compactMap { $0.split(separator: " ").first.map(String.init) })
  }()

  @Test(
    "every number is ONNX's, or the node is refused as listed",
    .enabled(if: folder != nil, "Tests/check-node-tests names their folder"), arguments: names)
  func node(name: String) throws {
    let folder = try #require(Self.folder)
    var graph = try ONNXReader.read(path: folder.appending(path: "\(name).onnx").path)
    let goldens = graph.initializers.filter { $0.key.hasPrefix("golden_") }
    for key in goldens.keys { graph.initializers[key] = nil }
    var inputs: [String: FloatTensor] = [:]
    for (key, data) in goldens where key.hasPrefix("golden_input/") {
      inputs[String(key.dropFirst("golden_input/".count))] = FloatTensor(data)
    }
    do throws(RoadError) {
      try Self.compare(graph, inputs, goldens)
      #expect(!Self.refused.contains(name), "it runs: take it off the list")
    } catch {
      #expect(Self.refused.contains(name), "\(error)")
    }
  }

  private static func compare(
    _ graph: ModelGraph, _ inputs: [String: FloatTensor], _ goldens: [String: TensorData]
  ) throws(RoadError) {
    let simple = try graph.simplified(endsAtScores: false)
    let outputs = try FloatExecutor(simple).run(inputs)
    for output in graph.outputs {
      guard let expected = goldens["golden_output/\(output.name)"], let found = outputs[output.name] else { continue }
      let numbers = expected.floats
      #expect(found.shape == expected.shape || expected.shape.isEmpty)
      #expect(found.values.count == numbers.count)
      let worst =
        zip(found.values, numbers).map { (a, b) -> Float in
          a == b || a.isNaN && b.isNaN ? 0 : abs(a - b) / max(abs(b), 1)
        }
        .max() ?? 0
      #expect(worst <= 2e-4, "\(output.name) differs by \(worst)")
    }
  }
}
