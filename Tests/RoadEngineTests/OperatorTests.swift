import RoadBase
import RoadEngine
import RoadKernels
import RoadModel
import Testing

/// Operators against real arithmetic on the bytes that go in, and against the same network written another way.
@Suite struct OperatorTests {
  @Test("sum and difference are within one step of real arithmetic", arguments: ["Add", "Sub"])
  func sumAndDifference(operation: String) throws {
    var graph = QuantizedGraph(height: 19, width: 23, seed: 11)
    let image = graph.picture()
    let left = graph.convolution(image, channels: 21, relu: false)
    let right = graph.convolution(image, channels: 21, kernel: 3)
    let result = graph.sum(left, right, operation: operation)
    let (a, b) = (try scores(graph.finish(left)), try scores(graph.finish(right)))
    let combined = try scores(graph.finish(result))
    let sign: Float = operation == "Add" ? 1 : -1
    for position in combined.bytes.indices {
      let real =
        a.quantization.dequantize(a.bytes[position]) + sign * b.quantization.dequantize(b.bytes[position])
      let expected = combined.quantization.quantize(real)
      #expect(abs(Int(expected) - Int(combined.bytes[position])) <= 1)
    }
    #expect(Set(combined.bytes).count > 50)
  }

  @Test("weights left as floats in front of a QuantizeLinear are the same network")
  func floatWeights() throws {
    var graph = QuantizedGraph(height: 12, width: 15, seed: 4)
    let model = graph.finish(graph.convolution(graph.picture(), channels: 6, kernel: 3))
    let key = try #require(model.initializers.keys.first { $0.hasPrefix("w") && !$0.contains("/") })
    let weights = try #require(model.initializers[key])
    let scales = try #require(model.initializers["\(key)/scale"]).floats
    let each = weights.count / scales.count
    let reals = weights.floats.enumerated().map { $1 * scales[$0 / each] }

    var exported = model
    exported.initializers[key] = nil
    exported.initializers["reals"] = TensorData(floats: reals, shape: weights.shape)
    exported.initializers["zeros"] = TensorData(int8: [Int8](repeating: 0, count: scales.count), shape: [scales.count])
    exported.nodes.insert(
      Node(
        name: "quantizeWeights", operation: "QuantizeLinear", inputs: ["reals", "\(key)/scale", "zeros"],
        outputs: [key], attributes: ["axis": .integer(0)]), at: 0)
    #expect(try scores(exported).bytes == scores(model).bytes)
  }

  @Test("Relu after the quantization of a convolution is a table with the same result")
  func separateRelu() throws {
    var fused = QuantizedGraph(height: 12, width: 15, seed: 9)
    let expected = try scores(fused.finish(fused.convolution(fused.picture(), channels: 6)))
    var apart = QuantizedGraph(height: 12, width: 15, seed: 9)
    let signed = apart.convolution(apart.picture(), channels: 6, relu: false)
    let relu = apart.quantize(apart.add("Relu", [signed.name]), scale: 0.02, zeroPoint: 0, channels: 6)
    let bytes = try scores(apart.finish(relu)).bytes
    // The signed tensor saturates at 134 steps above zero.
    #expect(zip(bytes, expected.bytes).allSatisfy { $0 == min($1, 134) })
    #expect(Set(bytes).count > 20)
  }

  /// Arithmetic.md, "A factor of 1 or more", beside a channel with the factor 1/4. With 1.5 and a zero-point of 2, `(z − low − 1/2) / f` is a
  /// whole number.
  @Test(
    "a factor of 1 or more gives the real product's rounding, ties up", arguments: [1, 1.25, 1.5, 2.5, 7.5],
    [0, 2, 3, 128, 255] as [UInt8])
  func steepFactor(factor: Float, zeroPoint: UInt8) throws {
    for (set, relu) in InstructionSet.available.flatMap({ [($0, false), ($0, true)] }) {
      let model = Self.steepNetwork(factors: [factor, 0.25, factor], zeroPoint: zeroPoint, relu: relu)
      let engine = try Engine(model: model, options: EngineOptions(threads: 2, instructionSet: set))
      engine.fillInput(seed: 3)
      engine.run()
      let expected = (0..<40 * 40 * 3).map { position in
        let (pixel, channel) = (engine.input.pixel(position / 3 / 40, position / 3 % 40), position % 3)
        let accumulator = Float(pixel[channel]) - Float(pixel[(channel + 1) % 3])
        let level = ((channel == 1 ? 0.25 : factor) * accumulator + 0.5).rounded(.down)
        return UInt8(min(max((relu ? max(level, 0) : level) + Float(zeroPoint), 0), 255))
      }
      #expect(engine.scoreBytes == expected, "\(set.rawValue)\(relu ? " with a clamp" : "")")
    }
  }

  /// The picture's bytes, then each channel less the next, times its factor.
  private static func steepNetwork(factors: [Float], zeroPoint: UInt8, relu: Bool) -> ModelGraph {
    var graph = QuantizedGraph(height: 40, width: 40)
    let image = graph.quantize("image", scale: 1, zeroPoint: 0, channels: 3)
    graph.graph.initializers["w"] = TensorData(int8: [1, -1, 0, 0, 1, -1, -1, 0, 1], shape: [3, 3, 1, 1])
    let scales = graph.constant("w/scale", floats: factors, shape: [3])
    let weights = graph.add("DequantizeLinear", ["w", scales], ["axis": .integer(0)])
    let product = graph.add("Conv", [image.name, weights])
    let result = relu ? graph.add("Relu", [product]) : product
    return graph.finish(graph.quantize(result, scale: 1, zeroPoint: zeroPoint, channels: 3))
  }

  private func scores(_ model: ModelGraph) throws -> (bytes: [UInt8], quantization: Quantization) {
    let engine = try Engine(model: model)
    engine.fillInput(seed: 3)
    engine.run()
    return (engine.scoreBytes, engine.scoresQuantization)
  }
}
