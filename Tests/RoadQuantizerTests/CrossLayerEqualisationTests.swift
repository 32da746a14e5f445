import RoadBase
import RoadFloat
import RoadModel
import RoadQuantizer
import Testing

@Suite("Cross-layer equalisation")
struct CrossLayerEqualisationTests {
  /// Numbers that differ, channel by channel, by factors of up to 64.
  private static func uneven(_ shape: [Int], seed: Int, axis: Int) -> TensorData {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let values = (0..<shape.reduce(1, *)).map { index -> Float in
      let noise = Float((index * 7919 + seed * 104_729) % 1009) / 504.5 - 1
      let channel = index / inner % shape[axis]
      return noise * Float(1 << ((channel * 5 + seed) % 7)) / 8
    }
    return TensorData(floats: values, shape: shape)
  }

  /// conv a (3 → 8) → `between` → depthwise b (8) → Relu → conv c (8 → 4).
  private static func chain(_ between: Node, more: [Node] = []) -> ModelGraph {
    ModelGraph(
      inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 3, 9, 7])],
      outputs: [ValueInfo(name: "y", elementType: .float, shape: [1, 4, 7, 5])],
      nodes: [
        Node(name: "a", operation: "Conv", inputs: ["x", "a.w", "a.b"], outputs: ["a"]), between,
        Node(
          name: "b", operation: "Conv", inputs: ["between", "b.w"], outputs: ["b"],
          attributes: ["group": .integer(8), "kernel_shape": .integers([3, 3])]),
        Node(name: "r", operation: "Relu", inputs: ["b"], outputs: ["r"]),
        Node(name: "c", operation: "Conv", inputs: ["r", "c.w", "c.b"], outputs: ["y"]),
      ] + more,
      initializers: [
        "a.w": uneven([8, 3, 1, 1], seed: 1, axis: 0), "a.b": uneven([8], seed: 2, axis: 0),
        "b.w": uneven([8, 1, 3, 3], seed: 3, axis: 0), "c.w": uneven([4, 8, 1, 1], seed: 4, axis: 1),
        "c.b": uneven([4], seed: 5, axis: 0), "six": TensorData(floats: [6], shape: []),
        "zero": TensorData(floats: [0], shape: []),
      ])
  }

  private static func node(_ operation: String, _ inputs: [String] = []) -> Node {
    Node(name: "between", operation: operation, inputs: ["a"] + inputs, outputs: ["between"])
  }

  private func output(_ graph: ModelGraph) throws -> [Float] {
    let values = (0..<3 * 63).map { Float(($0 * 37) % 256) }
    let outputs = try FloatExecutor(graph).run(["x": FloatTensor(shape: [1, 3, 9, 7], values: values)])
    return try #require(outputs["y"]).values
  }

  private func largest(_ data: TensorData?, inputs axis: Int) throws -> [Float] {
    let data = try #require(data)
    let inner = data.shape[(axis + 1)...].reduce(1, *)
    var largest = [Float](repeating: 0, count: data.shape[axis])
    for (index, value) in data.floats.enumerated() {
      largest[index / inner % data.shape[axis]] = max(largest[index / inner % data.shape[axis]], abs(value))
    }
    return largest
  }

  @Test("the network computes the same, and both sides of each channel become equal")
  func function() throws {
    let graph = Self.chain(Self.node("Relu"))
    let equalised = CrossLayerEqualisation.apply(to: graph)
    let (before, behind) = (try output(graph), try output(equalised))
    let power = before.reduce(0) { max($0, abs($1)) }
    for (x, y) in zip(before, behind) { #expect(abs(x - y) <= 1e-4 * power, "\(x) became \(y)") }
    let (a, b, c) = (
      try largest(equalised.initializers["a.w"], inputs: 0), try largest(equalised.initializers["b.w"], inputs: 0),
      try largest(equalised.initializers["c.w"], inputs: 1)
    )
    for channel in 0..<8 {
      #expect(abs(a[channel] / b[channel] - 1) < 0.05, "channel \(channel): \(a[channel]) and \(b[channel])")
      #expect(abs(b[channel] / c[channel] - 1) < 0.05, "channel \(channel): \(b[channel]) and \(c[channel])")
    }
    let spread = try largest(graph.initializers["a.w"], inputs: 0)
    let ratio = { (values: [Float]) -> Float in (values.max() ?? 0) / (values.min() ?? 0) }
    #expect(ratio(a) < ratio(spread))
  }

  @Test("a clamp, which is not homogeneous, is left alone")
  func clamp() throws {
    let graph = Self.chain(Self.node("Clip", ["zero", "six"]))
    let equalised = CrossLayerEqualisation.apply(to: graph)
    #expect(equalised.initializers["a.w"] == graph.initializers["a.w"])
    #expect(equalised.initializers["b.w"] != graph.initializers["b.w"])
    let power = try output(graph).reduce(0) { max($0, abs($1)) }
    for (x, y) in zip(try output(graph), try output(equalised)) { #expect(abs(x - y) <= 1e-4 * power) }
  }

  @Test("a tensor that somebody else reads, too, keeps its numbers")
  func secondReader() throws {
    let graph = Self.chain(
      Self.node("Relu"), more: [Node(name: "n", operation: "Neg", inputs: ["a"], outputs: ["also"])])
    let equalised = CrossLayerEqualisation.apply(to: graph)
    #expect(equalised.initializers["a.w"] == graph.initializers["a.w"])
  }

  @Test("dead channels, and weights that are not finite, do no harm")
  func degenerate() throws {
    var graph = Self.chain(Self.node("Relu"))
    graph.initializers["a.w"] = TensorData(floats: [Float](repeating: 0, count: 24), shape: [8, 3, 1, 1])
    #expect(CrossLayerEqualisation.apply(to: graph).initializers["a.w"] == graph.initializers["a.w"])
    graph.initializers["a.w"] = TensorData(floats: [.nan] + [Float](repeating: 1, count: 23), shape: [8, 3, 1, 1])
    _ = CrossLayerEqualisation.apply(to: graph)
  }

  @Test("the whole pipeline runs on equalised weights and follows the float graph")
  func quantized() throws {
    let graph = try SmallNetwork.quantized(QuantizerOptions(equalises: true))
    let reference = CrossLayerEqualisation.apply(to: try SmallNetwork.float())
    let report = try LayerReport.full(
      float: reference, quantized: graph, pictures: (100..<103).map(SmallNetwork.picture))
    for layer in report {
      #expect(layer.signalToNoise > 20 && (layer.scoresSignalToNoise ?? 0) > 25, "\(layer)")
    }
    #expect(report.contains { $0.milliseconds != nil })
    // What one layer does alone is never worse than what all do together.
    let all = try #require(report.first { $0.name == "logits" }).signalToNoise
    #expect(report.allSatisfy { ($0.scoresSignalToNoise ?? 999) >= all - 3 })
  }
}
