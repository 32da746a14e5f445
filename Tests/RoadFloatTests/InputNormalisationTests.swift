import RoadBase
import RoadFloat
import RoadModel
import Testing

@Suite struct InputNormalisationTests {
  private static let graph = ModelGraph(
    inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 3, 2, 2])],
    outputs: [ValueInfo(name: "y", elementType: .float, shape: [1, 3, 2, 2])],
    nodes: [
      // A value that has the name which the normalisation would like to have.
      Node(name: "n", operation: "Neg", inputs: ["x"], outputs: ["x_normalised"]),
      Node(name: "a", operation: "Add", inputs: ["x_normalised", "x"], outputs: ["s"]),
      Node(name: "b", operation: "Add", inputs: ["s", "x"], outputs: ["y"]),
    ])

  @Test func theCallersPictureIsNormalisedForEveryReader() throws {
    let (mean, deviation): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    let graph = try Self.graph.normalisingInput(mean: mean, deviation: deviation)
    let picture = (0..<12).map { Float($0 * 23 % 256) }
    let output = try #require(
      FloatExecutor(graph).run(["x": FloatTensor(shape: [1, 3, 2, 2], values: picture)])["y"])
    for (index, value) in output.values.enumerated() {
      let expected = (picture[index] / 255 - mean[index / 4]) / deviation[index / 4]
      #expect(abs(value - expected) < 1e-5, "\(index): \(value), not \(expected)")
    }
  }

  @Test func twoInputsAreRefused() {
    var graph = Self.graph
    graph.inputs.append(ValueInfo(name: "z", elementType: .float, shape: [1]))
    #expect(throws: RoadError.self) { try graph.normalisingInput(mean: [0, 0, 0], deviation: [1, 1, 1]) }
  }
}
