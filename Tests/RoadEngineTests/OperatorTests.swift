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
    let expected = try scores(model)
    #expect(try scores(exported).bytes == expected.bytes)
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

  /// Arithmetic.md, "A factor of 1 or more", beside a channel with the factor 1/4. With 1.5 and a zero-point of 2,
  /// `(z − low − 1/2) / f` is a whole number.
  @Test(
    "a factor of 1 or more gives the real product's rounding, ties up", arguments: [1, 1.25, 1.5, 2.5, 7.5],
    [0, 2, 3, 128, 255] as [UInt8])
  func steepFactor(factor: Float, zeroPoint: UInt8) throws {
    for (relu, stride) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
      let model = Self.steepNetwork([factor, 0.25, factor], zeroPoint: zeroPoint, relu: relu, stride: stride)
      for set in InstructionSet.available {
        let engine = try Engine(model: model, options: EngineOptions(threads: 2, instructionSet: set))
        engine.fillInput(seed: 3)
        engine.run()
        let side = 20 * stride
        let expected = (0..<side * side * 3).map { position in
          let pixel = engine.input.pixel(position / 3 / side / stride, position / 3 % side / stride)
          let channel = position % 3
          let accumulator = Float(pixel[channel]) - Float(pixel[(channel + 1) % 3])
          let level = ((channel == 1 ? 0.25 : factor) * accumulator + 0.5).rounded(.down)
          return UInt8(min(max((relu ? max(level, 0) : level) + Float(zeroPoint), 0), 255))
        }
        #expect(engine.scoreBytes == expected, "\(set.rawValue), stride \(stride)\(relu ? ", with a clamp" : "")")
      }
    }
  }

  /// Each channel of a picture of 20x20 less the next, times its factor: by a Conv, or, with a stride, by a
  /// ConvTranspose that repeats the pixels.
  private static func steepNetwork(
    _ factors: [Float], zeroPoint: UInt8, relu: Bool, stride: Int
  ) -> ModelGraph {
    var graph = QuantizedGraph(height: 20, width: 20)
    let image = graph.quantize("image", scale: 1, zeroPoint: 0, channels: 3)
    let isTransposed = stride > 1
    let differences: [Int8] = isTransposed ? [1, 0, -1, -1, 1, 0, 0, -1, 1] : [1, -1, 0, 0, 1, -1, -1, 0, 1]
    graph.graph.initializers["w"] = TensorData(
      int8: differences.flatMap { [Int8](repeating: $0, count: stride * stride) }, shape: [3, 3, stride, stride])
    let scales = graph.constant("w/scale", floats: factors, shape: [3])
    let weights = graph.add("DequantizeLinear", ["w", scales], ["axis": .integer(isTransposed ? 1 : 0)])
    let product = graph.add(
      isTransposed ? "ConvTranspose" : "Conv", [image.name, weights], ["strides": .integers([stride, stride])])
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
