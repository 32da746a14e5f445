import Foundation
import RoadBase
import RoadFloat
import RoadModel
import RoadTestSupport
import Testing

/// Every operator against ONNX Runtime (`make_goldens.py`), and what does not fit is refused by name.
@Suite struct FloatExecutorTests {
  static let goldens = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens")

  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: goldens.path)) ?? [])
    .filter { $0.hasSuffix(".onnx") }.sorted()

  @Test func goldensAreThere() { #expect(Self.names.count >= 116) }

  /// Those that need no pass to be decomposed first.
  static let own = names.filter { !$0.hasPrefix("composed-") }
  static let adaptive = names.filter { $0.hasPrefix("adaptive-") }

  @Test(arguments: own)
  func agreesWithONNXRuntime(name: String) throws {
    let graph = try ONNXReader.read(path: Self.goldens.appending(path: name).path)
    let input = try Self.tensor(graph, "golden_input")
    let expected = try Self.tensor(graph, "golden_output")
    let output = try #require(try FloatExecutor(graph).run(["x": input])["y"])
    #expect(output.shape == expected.shape)
    let worst = zip(output.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 2e-5, "largest difference \(worst)")
  }

  /// Decomposed, folded, in the operator set of quantized models: the passes change no result.
  @Test(arguments: names)
  func agreesAfterThePasses(name: String) throws {
    let graph = try ONNXReader.read(path: Self.goldens.appending(path: name).path)
    let expected = try Self.tensor(graph, "golden_output")
    let simple = try graph.simplified(endsAtScores: false)
    let output = try #require(try FloatExecutor(simple).run(["x": Self.tensor(graph, "golden_input")])["y"])
    #expect(output.shape == expected.shape)
    let worst = zip(output.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 2e-5, "largest difference \(worst)")
    #expect(simple.opset >= ModelGraph.quantizedOpset)
  }

  /// Cell by cell with GatherND, as PyTorch's newer exporter has it: `make_adaptive_pools.py`.
  @Test("pools that do not divide the picture are matrix products", arguments: adaptive)
  func adaptivePools(name: String) throws {
    let graph = try ONNXReader.read(path: Self.goldens.appending(path: name).path)
    #expect(graph.nodes.contains { $0.operation == "GatherND" })
    let simple = try graph.simplified(endsAtScores: false)
    #expect(simple.nodes.map(\.operation).filter { $0 != "Mul" } == ["Reshape", "MatMul", "Reshape"])
  }

  @Test func listsEveryUnsupportedNodeAtOnce() throws {
    var graph = Self.identity
    graph.nodes += [
      Node(name: "a", operation: "Einsum", inputs: ["x"], outputs: ["p"]),
      Node(name: "b", operation: "Relu", domain: "com.example", inputs: ["x"], outputs: ["q"]),
    ]
    let error = thrown(RoadError.self) { try FloatExecutor(graph) }
    #expect(error?.cause.contains("'a' (Einsum)") == true)
    #expect(error?.cause.contains("'b' (Relu)") == true)
  }

  @Test func observesEveryTensor() throws {
    var graph = Self.identity
    graph.nodes.insert(Node(name: "r", operation: "Relu", inputs: ["x"], outputs: ["mid"]), at: 0)
    graph.nodes[1].inputs = ["mid"]
    var seen: [String] = []
    let input = FloatTensor(shape: [1, 1, 1, 2], values: [-1, 2])
    let output = try FloatExecutor(graph).run(["x": input]) { name, _ in seen.append(name) }
    #expect(seen == ["mid", "y"])
    #expect(output["y"]?.values == [0, 2])
  }

  @Test func namesTheNodeThatDoesNotFit() throws {
    var graph = Self.identity
    graph.initializers["w"] = TensorData(
      elementType: .float, shape: [1, 2, 1, 1], bytes: [UInt8](repeating: 0, count: 8))
    graph.nodes = [Node(name: "stem", operation: "Conv", inputs: ["x", "w"], outputs: ["y"])]
    let executor = try FloatExecutor(graph)
    let error = thrown(RoadError.self) {
      try executor.run(["x": FloatTensor(shape: [1, 3, 4, 4], repeating: 1)])
    }
    #expect(error?.cause.contains("'stem'") == true)
  }

  @Test func asksForItsInput() throws {
    let executor = try FloatExecutor(Self.identity)
    #expect(throws: RoadError.self) { try executor.run([:]) }
  }

  static let identity = ModelGraph(
    inputs: [ValueInfo(name: "x", elementType: .float, shape: [nil, nil, nil, nil])],
    outputs: [ValueInfo(name: "y", elementType: .float, shape: [nil, nil, nil, nil])],
    nodes: [Node(name: "i", operation: "Identity", inputs: ["x"], outputs: ["y"])])

  static func tensor(_ graph: ModelGraph, _ name: String) throws -> FloatTensor {
    let data = try #require(graph.initializers[name])
    let values = data.bytes.withUnsafeBytes { raw in
      (0..<data.count).map { Float(bitPattern: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
    }
    return FloatTensor(shape: data.shape, values: values)
  }
}
