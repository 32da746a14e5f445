import RoadBase
import RoadModel
import Testing

/// The passes together, on what exporters really write between a convolution and its batch norm.
@Suite struct SimplificationTests {
  /// Mixed-precision training leaves casts to float around float convolutions: they must not keep the batch norm from
  /// being folded.
  @Test func aCastToTheSameTypeIsNoObstacleToFolding() throws {
    let simple = try graph(castTo: .float).simplified()
    #expect(simple.nodes.map(\.operation) == ["Conv"])
    // γ/√(σ² + ε) = 2 for ε = 0: weight 3 becomes 6, bias (0 − 5)·2 + 1 = −9.
    let conv = try #require(simple.nodes.first)
    #expect(simple.initializers[conv.inputs[1]]?.floats == [6])
    #expect(simple.initializers[conv.inputs[2]]?.floats == [-9])
    #expect(conv.outputs == ["y"])
  }

  @Test func aCastToAnotherTypeStays() throws {
    let simple = try graph(castTo: .double).simplified()
    #expect(simple.nodes.contains { $0.operation == "Cast" })
    #expect(simple.nodes.contains { $0.operation == "BatchNormalization" })
  }

  /// Attention scales by `width ** -0.5`, windows pad by `-height % 8`: exporters leave both to compute.
  @Test func arithmeticOnConstantsIsDone() throws {
    var graph = ModelGraph(
      inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 1])],
      outputs: [ValueInfo(name: "y", elementType: .float, shape: [1, 2])])
    graph.initializers = [
      "sixteen": TensorData(floats: [16], shape: []), "exponent": TensorData(floats: [-0.5], shape: []),
      "dividends": TensorData(integers: [7, -7], shape: [2]), "divisors": TensorData(integers: [3, 3], shape: [2]),
    ]
    graph.nodes = [
      Node(name: "power", operation: "Pow", inputs: ["sixteen", "exponent"], outputs: ["scale"]),
      Node(name: "product", operation: "Mul", inputs: ["x", "scale"], outputs: ["scaled"]),
      Node(name: "remainders", operation: "Mod", inputs: ["dividends", "divisors"], outputs: ["shape"]),
      Node(name: "expand", operation: "Expand", inputs: ["scaled", "shape"], outputs: ["y"]),
    ]
    let simple = try graph.simplified()
    #expect(simple.nodes.map(\.operation) == ["Mul", "Expand"])
    #expect(simple.initializers["scale"]?.floats == [0.25] && simple.initializers["shape"]?.integers == [1, 2])
  }

  private func graph(castTo type: ElementType) -> ModelGraph {
    let constants: [(String, [Int], Float)] = [
      ("w", [1, 1, 1, 1], 3), ("gamma", [1], 2), ("beta", [1], 1), ("mean", [1], 5), ("variance", [1], 1),
    ]
    var graph = ModelGraph(
      inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 1, 2, 2])],
      outputs: [ValueInfo(name: "y", elementType: .float, shape: [1, 1, 2, 2])])
    for (name, shape, value) in constants {
      graph.initializers[name] = TensorData(
        elementType: .float, shape: shape, bytes: withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init))
    }
    graph.nodes = [
      Node(name: "conv", operation: "Conv", inputs: ["x", "w"], outputs: ["c"]),
      Node(
        name: "cast", operation: "Cast", inputs: ["c"], outputs: ["d"], attributes: ["to": .integer(type.rawValue)]),
      Node(
        name: "norm", operation: "BatchNormalization", inputs: ["d", "gamma", "beta", "mean", "variance"],
        outputs: ["y"], attributes: ["epsilon": .float(0)]),
    ]
    return graph
  }
}
