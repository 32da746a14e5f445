import RoadBase
import RoadModel
import Testing

/// Layer normalisations as exporters write them out, and what only looks like one.
@Suite struct LayerNormRecognitionTests {
  @Test("over the last axis it is one node")
  func lastAxis() throws {
    let simple = try graph(axis: -1, gains: [4], offsets: [4]).simplified()
    #expect(simple.nodes.map(\.operation) == ["LayerNormalization"])
    #expect(simple.opset == 17)
    let norm = try #require(simple.nodes.first)
    #expect(norm.inputs[0] == "x" && norm.outputs == ["y"])
    #expect(norm.attributes["epsilon"] == .float(0.25))
    #expect(simple.initializers[norm.inputs[1]]?.floats == [3, 3, 3, 3])
    #expect(simple.initializers[norm.inputs[2]]?.floats == [5, 5, 5, 5])
    #expect(simple.initializers.count == 2)
  }

  @Test("over the channels of a picture it stands between transpositions")
  func channels() throws {
    let simple = try graph(axis: 1, gains: [6, 1, 1], offsets: [1, 6, 1, 1]).simplified()
    #expect(simple.nodes.map(\.operation) == ["Transpose", "LayerNormalization", "Transpose"])
    #expect(simple.nodes.first?.attributes["perm"] == .integers([0, 2, 3, 1]))
    #expect(simple.nodes.last?.attributes["perm"] == .integers([0, 3, 1, 2]) && simple.nodes.last?.outputs == ["y"])
    #expect(try simple.inferTypes().types["y"]?.shape == [1, 6, 2, 4])
  }

  @Test("gains along another axis stay a product of their own")
  func gainsElsewhere() throws {
    let simple = try graph(axis: -1, gains: [4, 1], offsets: [4], shape: [1, 6, 4, 4]).simplified()
    #expect(simple.nodes.map(\.operation) == ["LayerNormalization", "Mul", "Add"])
  }

  @Test("a mean of other numbers, or one that somebody else reads, is none", arguments: ["axes", "reader"])
  func others(kind: String) throws {
    var graph = graph(axis: -1, gains: [4], offsets: [4])
    if kind == "axes" {
      graph.nodes[3].attributes["axes"] = .integers([2])
    } else {
      graph.outputs.append(ValueInfo(name: "mean", elementType: .float, shape: [1, 6, 2, 1]))
    }
    let simple = try graph.simplified(endsAtScores: false)
    #expect(!simple.nodes.contains { $0.operation == "LayerNormalization" } && simple.opset == 13)
  }

  /// `(x − mean) ÷ √(mean((x − mean)²) + ¼) · 3 + 5`.
  private func graph(axis: Int, gains: [Int], offsets: [Int], shape: [Int] = [1, 6, 2, 4]) -> ModelGraph {
    var graph = ModelGraph(
      inputs: [ValueInfo(name: "x", elementType: .float, shape: shape)],
      outputs: [ValueInfo(name: "y", elementType: .float, shape: shape)])
    graph.opset = 11
    func constant(_ value: Float, _ shape: [Int]) -> TensorData {
      TensorData(floats: [Float](repeating: value, count: shape.reduce(1, *)), shape: shape)
    }
    graph.initializers = [
      "two": constant(2, []), "epsilon": constant(0.25, []), "gains": constant(3, gains),
      "offsets": constant(5, offsets),
    ]
    let nodes: [(String, [String], String)] = [
      ("ReduceMean", ["x"], "mean"), ("Sub", ["x", "mean"], "difference"), ("Pow", ["difference", "two"], "square"),
      ("ReduceMean", ["square"], "variance"), ("Add", ["epsilon", "variance"], "sum"), ("Sqrt", ["sum"], "root"),
      ("Div", ["difference", "root"], "scores"), ("Mul", ["scores", "gains"], "scaled"),
      ("Add", ["offsets", "scaled"], "y"),
    ]
    graph.nodes = nodes.map { operation, inputs, output in
      Node(
        name: output, operation: operation, inputs: inputs, outputs: [output],
        attributes: operation == "ReduceMean" ? ["axes": .integers([axis]), "keepdims": .integer(1)] : [:])
    }
    return graph
  }
}
