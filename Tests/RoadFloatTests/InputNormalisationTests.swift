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
    let (mean, deviation): ([Double], [Double]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    let graph = try Self.graph.normalisingInput(InputNormalisation(mean: mean, deviation: deviation))
    let picture = (0..<12).map { Float($0 * 23 % 256) }
    let output = try #require(
      try FloatExecutor(graph).run(["x": FloatTensor(shape: [1, 3, 2, 2], values: picture)])["y"])
    for (index, value) in output.values.enumerated() {
      let expected = (picture[index] / 255 - Float(mean[index / 4])) / Float(deviation[index / 4])
      #expect(abs(value - expected) < 1e-5, "\(index): \(value), not \(expected)")
    }
  }

  @Test func twoInputsAreRefused() {
    var graph = Self.graph
    graph.inputs.append(ValueInfo(name: "z", elementType: .float, shape: [1]))
    #expect(throws: RoadError.self) {
      try graph.normalisingInput(InputNormalisation(mean: [0, 0, 0], deviation: [1, 1, 1]))
    }
    #expect(throws: RoadError.self) { try graph.swappingRedAndBlue() }
  }

  @Test func redAndBlueChangePlacesBeforeTheModelReadsThem() throws {
    let graph = try Self.graph.swappingRedAndBlue()
    let picture = (0..<12).map(Float.init)
    let output = try #require(
      try FloatExecutor(graph).run(["x": FloatTensor(shape: [1, 3, 2, 2], values: picture)])["y"])
    #expect(output.values == [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3])
  }

  /// What training scripts write: for tensors of 0...1, for bytes, or nothing but a division.
  @Test(
    arguments: [
      ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], false),
      ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375], true),
      ([0, 0, 0], [1, 1, 1], false), ([0, 0, 0], [255, 255, 255], true), ([104, 117, 123], [1, 1, 1], true),
      ([127.5, 127.5, 127.5], [127.5, 127.5, 127.5], true), ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], false),
    ] as [([Double], [Double], Bool)])
  func numbersAboveOneAreForBytes(mean: [Double], deviation: [Double], isOfBytes: Bool) throws {
    let normalisation = try InputNormalisation(mean: mean, deviation: deviation)
    #expect(normalisation.isOfBytes == isOfBytes)
    let unit: Double = isOfBytes ? 1 : 255
    #expect(normalisation.mean == mean.map { Float($0 * unit) })
    #expect(normalisation.deviation == deviation.map { Float($0 * unit) })
  }

  @Test(
    arguments: [
      ([0.485, 0.456, 0.406], [58.395, 57.12, 57.375]), ([123.675, 116.28, 103.53], [0.229, 0.224, 0.225]),
      ([0.485, 116.28, 103.53], [58.395, 57.12, 57.375]), ([300, 300, 300], [58, 57, 57]), ([-0.5, 0, 0], [1, 1, 1]),
      ([0, 0, 0], [0, 1, 1]), ([0, 0, 0], [-1, 1, 1]), ([0, 0, 0], [1000, 1000, 1000]), ([.nan, 0, 0], [1, 1, 1]),
    ] as [([Double], [Double])])
  func numbersOfNoRangeAreRefused(mean: [Double], deviation: [Double]) {
    #expect(throws: RoadError.self) { try InputNormalisation(mean: mean, deviation: deviation) }
  }
}
