import Foundation
import RoadBase
import RoadEngine
import RoadFloat
import RoadModel
import RoadQuantizer
import Testing

/// Small random networks (`RandomGraphs/random_graphs.py`): the float arithmetic against ONNX Runtime's numbers, the
/// engine's integers against the numbers of the same quantized graph. Among the committed ones are all on which
/// something was wrong once. `ROADSEG_RANDOM_GRAPHS` names a folder with others, and gets their int8 models and scores.
@Suite struct RandomGraphTests {
  private static let named = ProcessInfo.processInfo.environment["ROADSEG_RANDOM_GRAPHS"]
  private static let folder =
    named.map { URL(fileURLWithPath: $0) } ?? ZooNetwork.folder.appending(path: "RandomGraphs/Kept")
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(".onnx".count)) }.sorted()

  @Test func graphsAreThere() { #expect(Self.names.count >= 59) }

  @Test("in floats, every number is ONNX Runtime's", arguments: names)
  func float(name: String) throws {
    let network = try RandomGraph(name, in: Self.folder)
    let simple = try network.graph.simplified(endsAtScores: false)
    for graph in [network.graph, simple] where graph.nodes.allSatisfy(Self.isComputed) {
      let scores = try network.scores(of: graph)
      #expect(scores.shape == network.expected.shape)
      let noise = Self.noise(scores.values, network.expected.values)
      #expect(noise < 1e-4, "differs by \(noise) of the spread")
    }
  }

  @Test("in integers, the scores are those of the quantized graph", arguments: names)
  func integers(name: String) throws {
    let network = try RandomGraph(name, in: Self.folder)
    let float = try network.graph.simplified()
    let options = QuantizerOptions(observer: .minMax, wide: .none)
    let quantized = try Quantizer(float, options: options).quantize(count: 1) { _ in network.input }
    let expected = try network.scores(of: quantized)
    // A length that rounds to 0 divides by it there: no number to compare with.
    guard expected.values.allSatisfy(\.isFinite) else { return }
    let engine: Engine
    do throws(RoadError) {
      engine = try Engine(model: quantized)
    } catch {
      #expect(Self.refusals.contains { error.cause.contains($0) }, "\(error)")
      return
    }
    network.fill(engine)
    engine.run()
    let scores = Self.numbers(engine)
    try #require(scores.count == expected.values.count)
    let noise = Self.noise(scores, expected.values)
    // Bytes that round the other way spread through steep functions; a wrong shape gives 1 and more. A step, as of
    // Floor, may fall either way: then the float network says whose is right.
    let exact = network.expected.values
    let isNearer = Self.noise(scores, exact) <= Self.noise(expected.values, exact)
    #expect(noise < 0.25 || isNearer, "differs by \(noise) of the spread")
    if Self.named != nil { try keep(name, quantized, scores) }
  }

  /// What the integers do not know, as Operators.md lists it: every other refusal is a defect, and so is any wrong
  /// number.
  private static let refusals = [
    "operator LogSoftmax is not supported", "its slopes are not one number, or one a channel",
    "its parameters do not fit an input", "along axis", "that are not evenly spaced", "not 1xCxHxW",
  ]

  private static func isComputed(_ node: Node) -> Bool { OperatorCatalogue[node.operation]?.evaluation != nil }

  private func keep(_ name: String, _ quantized: ModelGraph, _ scores: [Float]) throws {
    let file = Self.folder.appending(path: name)
    try Data(ONNXWriter.write(quantized)).write(to: file.appendingPathExtension("int8"))
    try scores.withUnsafeBytes { try Data($0).write(to: file.appendingPathExtension("scores")) }
  }

  /// The engine's scores as real numbers, N x C x H x W.
  private static func numbers(_ engine: Engine) -> [Float] {
    let scores = engine.scores
    var numbers: [Float] = []
    for channel in 0..<scores.channels {
      for y in 0..<scores.height {
        for x in 0..<scores.width {
          numbers.append(engine.scoresQuantization.dequantize(scores.pixel(y, x)[channel]))
        }
      }
    }
    return numbers
  }

  /// Root mean square of the difference, in standard deviations of the expected numbers.
  private static func noise(_ values: [Float], _ expected: [Float]) -> Double {
    guard values.count == expected.count, !values.isEmpty else { return .infinity }
    let count = Double(values.count)
    let mean = expected.reduce(0) { $0 + Double($1) } / count
    let spread = expected.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    let error = zip(values, expected).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / count
    return (error / max(spread, 1e-12)).squareRoot()
  }
}

/// One graph with the picture and the scores in it.
private struct RandomGraph {
  let graph: ModelGraph
  let input: FloatTensor
  let expected: FloatTensor
  private let pixels: [UInt8]

  init(_ name: String, in folder: URL) throws {
    var graph = try ONNXReader.read(path: folder.appending(path: "\(name).onnx").path)
    let picture = try #require(graph.initializers["golden_picture"])
    expected = FloatTensor(try #require(graph.initializers["golden_scores"]))
    for key in ["golden_picture", "golden_scores"] { graph.initializers[key] = nil }
    self.graph = graph
    pixels = picture.bytes
    let (height, width) = (picture.shape[0], picture.shape[1])
    var input = FloatTensor(shape: [1, 3, height, width], repeating: 0)
    for (index, byte) in picture.bytes.enumerated() {
      input.values[index % 3 * height * width + index / 3] = Float(byte)
    }
    self.input = input
  }

  func scores(of graph: ModelGraph) throws -> FloatTensor {
    let output = try #require(graph.outputs.first?.name)
    return try #require(try FloatExecutor(graph).run(["x": input])[output])
  }

  func fill(_ engine: Engine) {
    for (index, byte) in pixels.enumerated() {
      let pixel = index / 3
      engine.input.pixel(pixel / engine.inputSize.width, pixel % engine.inputSize.width)[index % 3] = byte
    }
  }
}
