import RoadBase
import RoadEngine
import RoadKernels
import RoadModel
import RoadTestSupport
import Testing

/// What is wrong with a model is said in one error, by node, before anything runs.
@Suite struct LoweringTests {
  @Test("all unsupported nodes are named at once, none twice")
  func listsAllUnsupported() throws {
    var graph = QuantizedGraph(height: 8, width: 8)
    let image = graph.picture()
    let strange = graph.add("GridSample", [image.name])
    let after = graph.add("Relu", [strange])
    let other = graph.add("Einsum", [image.name])
    let sum = graph.add("Add", [after, other])
    let error = try #require(
      thrown(RoadError.self) { try Engine(model: graph.finish(.init(name: sum, channels: 3))) })
    #expect(error.subject == .model)
    #expect(error.cause.contains("GridSample") && error.cause.contains("Einsum"), "\(error)")
    #expect(error.cause.contains("2 nodes"), "\(error)")
  }

  @Test("broken scales name their node", arguments: [Float.nan, .infinity, 0, -1])
  func badScale(scale: Float) throws {
    var graph = QuantizedGraph(height: 8, width: 8)
    let image = graph.picture()
    let model = graph.finish(graph.convolution(image, channels: 4))
    let key = try #require(model.initializers.keys.first { $0.hasPrefix("relu") && $0.hasSuffix("/scale") })
    try expectError(model, replacing: key, with: floats([scale]), says: "quantizelinear")
  }

  @Test("weight scales of the wrong count, weights of zeros and a bias that overflows are model errors or run")
  func badWeights() throws {
    var graph = QuantizedGraph(height: 8, width: 8)
    let image = graph.picture()
    let model = graph.finish(graph.convolution(image, channels: 4))
    let weights = try #require(model.initializers.keys.first { $0.hasPrefix("w") && !$0.contains("/") })
    try expectError(model, replacing: "\(weights)/scale", with: floats([0.1, 0.2, 0.3]), says: "3 scales do not fit")
    try expectError(
      model, replacing: "\(weights)/bias",
      with: TensorData(
        elementType: .int32, shape: [4], bytes: [Int32](repeating: .max, count: 4).withUnsafeBytes { Array($0) }),
      says: "overflow")
    try expectError(
      model, replacing: "\(weights)/bias",
      with: TensorData(elementType: .int32, shape: [3], bytes: [UInt8](repeating: 0, count: 12)),
      says: "4 scales do not fit")
    try expectError(model, replacing: "\(weights)/scale", with: floats([1, 1, 1, 1e20]), says: "factor")

    // All-zero weights are a network too: its output is its bias.
    var zeros = model
    zeros.initializers[weights] = TensorData(
      elementType: .int8, shape: [4, 3, 1, 1], bytes: [UInt8](repeating: 0, count: 12))
    let engine = try Engine(model: zeros)
    engine.fillInput(seed: 1)
    engine.run()
    #expect(Set(engine.scoreBytes).count <= 4)
  }

  @Test("a float model is told to be quantized first")
  func floatModel() throws {
    var graph = QuantizedGraph(height: 8, width: 8)
    let weights = graph.constant("weights", floats: [Float](repeating: 0.5, count: 12), shape: [4, 3, 1, 1])
    let scores = graph.add("Conv", ["image", weights])
    let error = try #require(
      thrown(RoadError.self) { try Engine(model: graph.finish(.init(name: scores, channels: 4))) })
    #expect(error.cause.contains("not quantized") && error.remedy.contains("QuantizeLinear"), "\(error)")
  }

  @Test("models without a usable input or output")
  func badEnds() throws {
    var graph = QuantizedGraph(height: nil, width: nil)
    let scores = graph.convolution(graph.picture(), channels: 4, kernel: 3)
    let model = graph.finish(scores)
    #expect(throws: RoadError.self) { try Engine(model: model) }
    let size = PictureSize(width: 21, height: 9)
    let engine = try Engine(model: model, options: EngineOptions(inputSize: size))
    #expect(engine.inputSize == size && engine.scores.width == 21 && engine.scores.channels == 4)

    var none = model
    none.outputs = []
    #expect(throws: RoadError.self) { try Engine(model: none, options: EngineOptions(inputSize: size)) }
    var unknown = model
    unknown.outputs[0].name = "elsewhere"
    #expect(throws: RoadError.self) { try Engine(model: unknown, options: EngineOptions(inputSize: size)) }
    #expect(throws: RoadError.self) { try Engine(model: ModelGraph()) }
    #expect(throws: RoadError.self) { try Engine(model: model, options: EngineOptions(threads: 0, inputSize: size)) }
  }

  @Test("sizes that exporters compute from shapes are folded, at any input size", arguments: [16, 22])
  func shapeArithmetic(side: Int) throws {
    var graph = QuantizedGraph(height: nil, width: nil)
    let image = graph.convolution(graph.picture(), channels: 4)
    graph.graph.initializers["zero"] = TensorData(integers: [0])
    graph.graph.initializers["two"] = TensorData(integers: [2])
    graph.graph.initializers["target"] = TensorData(integers: [9, 13])
    let shape = graph.add("Shape", [image.name])
    let front = graph.add("Slice", [shape, "zero", "two", "zero"])
    let sizes = graph.add("Concat", [front, "target"], ["axis": .integer(0)])
    let resized = graph.add("Resize", [image.name, "", "", sizes], ["mode": .string("linear")])
    let model = graph.finish(graph.quantize(resized, scale: 0.02, zeroPoint: 0, channels: 4))
    let options = EngineOptions(inputSize: PictureSize(width: side, height: side))
    let engine = try Engine(model: model, options: options)
    #expect(engine.scores.height == 9 && engine.scores.width == 13 && engine.scores.channels == 4)
    #expect(engine.inputSize.width == side)
  }

  @Test("the layer table tells kinds, shapes and work")
  func layerTable() throws {
    var graph = QuantizedGraph(height: 16, width: 24)
    let x = graph.convolution(graph.picture(), channels: 8, kernel: 3, stride: 2)
    let model = graph.finish(graph.convolution(graph.depthwise(x), channels: 5))
    let layers = try Engine(model: model, options: EngineOptions(instructionSet: .reference)).layers
    #expect(layers.map(\.step) == [0, 0, 1, 1])
    #expect(layers.map(\.kind) == [.table, .convolution, .depthwise, .pointwise])
    #expect(layers.map(\.window) == ["", "3x3 s2 d1", "3x3 s1 d1", "1x1 s1 d1"])
    #expect(layers.map(\.multiplyAccumulates) == [0, 8 * 12 * 8 * 27, 8 * 12 * 8 * 9, 8 * 12 * 5 * 8])
    #expect(layers[1].kernel.hasSuffix("reference") && layers[1].height == 8 && layers[1].width == 12)
    #expect(layers[3].bytesMoved == 8 * 12 * 32)
  }

  private func floats(_ values: [Float]) -> TensorData {
    TensorData(elementType: .float, shape: [values.count], bytes: values.withUnsafeBytes { Array($0) })
  }

  private func expectError(
    _ model: ModelGraph, replacing key: String, with data: TensorData, says text: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    var broken = model
    broken.initializers[key] = data
    let error = try #require(thrown(RoadError.self) { try Engine(model: broken) }, sourceLocation: location)
    #expect(error.cause.contains(text) && error.cause.contains("node"), "\(error)", sourceLocation: location)
  }
}
