import RoadBase
import RoadEngine
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

  /// Arithmetic.md, "A factor of 1 or more". With 1.5 and a zero-point of 2, `(z − low − 1/2) / f` is a whole number.
  @Test(
    "a factor of 1 or more gives the real product's rounding, ties up", arguments: [1, 1.25, 1.5, 2.5, 7.5],
    [0, 2, 3, 128, 255] as [UInt8])
  func steepFactor(factor: Float, zeroPoint: UInt8) throws {
    var graph = QuantizedGraph(height: 40, width: 40)
    let image = graph.quantize("image", scale: 1, zeroPoint: 0, channels: 3)
    graph.graph.initializers["w"] = TensorData(int8: [1, -1, 0, 0, 1, -1], shape: [2, 3, 1, 1])
    let weights = graph.add("DequantizeLinear", ["w", graph.constant("w/scale", floats: [factor])])
    let product = graph.add("Conv", [image.name, weights])
    let engine = try Engine(
      model: graph.finish(graph.quantize(product, scale: 1, zeroPoint: zeroPoint, channels: 2)))
    engine.fillInput(seed: 3)
    engine.run()
    let expected = (0..<40 * 40 * 2).map { position in
      let pixel = engine.input.pixel(position / 2 / 40, position / 2 % 40)
      let accumulator = Float(pixel[position % 2]) - Float(pixel[position % 2 + 1])
      return UInt8(min(max((factor * accumulator + 0.5).rounded(.down) + Float(zeroPoint), 0), 255))
    }
    #expect(engine.scoreBytes == expected)
  }

  private func scores(_ model: ModelGraph) throws -> (bytes: [UInt8], quantization: Quantization) {
    let engine = try Engine(model: model)
    engine.fillInput(seed: 3)
    engine.run()
    return (engine.scoreBytes, engine.scoresQuantization)
  }
}
