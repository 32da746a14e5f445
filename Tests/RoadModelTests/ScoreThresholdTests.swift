import RoadBase
import RoadModel
import Testing

/// Models with one score a pixel, as training scripts end them.
@Suite struct ScoreThresholdTests {
  /// The nodes behind a convolution's single score `s`, one after the other; constants by name.
  private func graph(_ nodes: [(operation: String, inputs: [String])], channels: Int = 1) -> ModelGraph {
    var graph = ModelGraph(
      inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 3, 4, 6])],
      outputs: [ValueInfo(name: nodes.isEmpty ? "s" : "v\(nodes.count - 1)", elementType: .float, shape: [])],
      nodes: [Node(name: "conv", operation: "Conv", inputs: ["x", "w"], outputs: ["s"])],
      initializers: ["w": TensorData(floats: [Float](repeating: 1, count: 3 * channels), shape: [channels, 3, 1, 1])])
    for (name, value) in [("half", 0.5), ("one", 1), ("zero", 0), ("two", 2), ("255", 255)] as [(String, Float)] {
      graph.initializers[name] = TensorData(floats: [value], shape: [])
    }
    graph.initializers["axis"] = TensorData(integers: [1], shape: [1])
    for (index, node) in nodes.enumerated() {
      let inputs = node.inputs.map { $0 == "-" ? index == 0 ? "s" : "v\(index - 1)" : $0 }
      let attributes: [String: Attribute] =
        switch node.operation {
        case "Cast": ["to": .integer(1)]
        case "MaxPool": ["kernel_shape": .integers([1, 1])]
        default: [:]
        }
      graph.nodes.append(
        Node(
          name: "n\(index)", operation: node.operation, inputs: inputs, outputs: ["v\(index)"], attributes: attributes))
    }
    return graph
  }

  struct Ending: Sendable, CustomTestStringConvertible {
    var nodes: [(operation: String, inputs: [String])]
    var level: Float
    var findsAbove = true
    /// Nodes that are left.
    var kept = 2
    var testDescription: String { nodes.map(\.operation).joined(separator: ", ") }
  }

  static let endings = [
    Ending(nodes: [], level: 0, kept: 1),
    Ending(nodes: [("Sigmoid", ["-"])], level: 0.5),
    Ending(nodes: [("HardSigmoid", ["-"])], level: 0.5),
    Ending(nodes: [("Sigmoid", ["-"]), ("Mul", ["-", "255"])], level: 127.5, kept: 3),
    Ending(nodes: [("Sigmoid", ["-"]), ("Sub", ["one", "-"])], level: 0.5, kept: 3),
    Ending(nodes: [("Sigmoid", ["-"]), ("Add", ["-", "two"]), ("Div", ["-", "two"])], level: 1.25, kept: 4),
    Ending(nodes: [("Relu", ["-"])], level: 0),
    Ending(nodes: [("Greater", ["-", "zero"])], level: 0, kept: 1),
    Ending(nodes: [("Sigmoid", ["-"]), ("Greater", ["-", "half"])], level: 0.5),
    Ending(nodes: [("Sigmoid", ["-"]), ("GreaterOrEqual", ["-", "half"])], level: Float(0.5).nextDown),
    Ending(nodes: [("Sigmoid", ["-"]), ("Less", ["half", "-"]), ("Cast", ["-"])], level: 0.5),
    Ending(
      nodes: [("Sigmoid", ["-"]), ("Less", ["-", "half"])], level: Float(0.5).nextDown, findsAbove: false),
    Ending(nodes: [("Sigmoid", ["-"]), ("Less", ["-", "half"]), ("Not", ["-"])], level: Float(0.5).nextDown),
    Ending(nodes: [("Sigmoid", ["-"]), ("LessOrEqual", ["-", "half"])], level: 0.5, findsAbove: false),
    Ending(nodes: [("Sigmoid", ["-"]), ("Greater", ["-", "half"]), ("Where", ["-", "255", "zero"])], level: 0.5),
    Ending(
      nodes: [("Sigmoid", ["-"]), ("Greater", ["-", "half"]), ("Where", ["-", "zero", "one"])], level: 0.5,
      findsAbove: false),
    Ending(
      nodes: [("Sigmoid", ["-"]), ("Greater", ["-", "half"]), ("Cast", ["-"]), ("Mul", ["-", "255"])], level: 0.5),
    Ending(nodes: [("Sigmoid", ["-"]), ("Round", ["-"])], level: 0.5),
    Ending(nodes: [("Sigmoid", ["-"]), ("Squeeze", ["-", "axis"])], level: 0.5),
    Ending(nodes: [("Squeeze", ["-", "axis"]), ("Greater", ["-", "two"])], level: 2, kept: 1),
    Ending(nodes: [("Sigmoid", ["-"]), ("Clip", ["-", "zero", "half"])], level: 0.5, kept: 3),
    Ending(nodes: [("Clip", ["-", "zero", "one"])], level: 0.5),
    Ending(nodes: [("Clip", ["-", "zero", "255"])], level: 0),
    Ending(nodes: [("Sigmoid", ["-"]), ("MaxPool", ["-"])], level: 0.5, kept: 3),
    Ending(nodes: [("Sigmoid", ["-"]), ("Log", ["-"])], level: -0.6931472, kept: 3),
    Ending(nodes: [("Sigmoid", ["-"]), ("Add", ["-", "-"]), ("Sqrt", ["-"])], level: 1, kept: 4),
    Ending(nodes: [("Sigmoid", ["-"]), ("Mul", ["-", "s"])], level: 0, kept: 3),
    Ending(nodes: [("Greater", ["s", "s"])], level: 0),
    Ending(nodes: [("LessOrEqual", ["s", "s"]), ("Not", ["-"])], level: 0),
  ]

  @Test(arguments: endings) func theGraphSaysWhatCountsAsFound(ending: Ending) {
    let separated = graph(ending.nodes).separatingThreshold()
    #expect(separated.scoreThreshold == ScoreThreshold(level: ending.level, findsAbove: ending.findsAbove))
    #expect(separated.nodes.count == ending.kept, "\(separated.nodes.map(\.operation))")
  }

  /// An ArgMax chose already: what is computed of its class numbers is no score.
  @Test func classNumbersAreRefused() {
    let ending = [("ArgMax", ["-"]), ("Cast", ["-"]), ("Mul", ["-", "255"])]
    let original = graph(ending, channels: 5)
    #expect(original.separatingThreshold().nodes.count == 4)
    var remedy = "none was thrown"
    do throws(RoadError) { _ = try original.simplified() } catch { remedy = error.remedy }
    #expect(remedy == "end the model at its scores: --output-name s")
  }

  /// Of several scores a comparison says which of them are high, not which one wins: nothing is taken off.
  @Test func severalScoresKeepTheirComparison() {
    let original = graph([("Sigmoid", ["-"]), ("Greater", ["-", "half"])], channels: 2)
    #expect(original.separatingThreshold().nodes.count == 3)
  }
}
