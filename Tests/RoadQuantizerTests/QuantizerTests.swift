import Foundation
import RoadBase
import RoadFloat
import RoadModel
import RoadQuantizer
import Testing

@Suite("Quantizer")
struct QuantizerTests {
  @Test("the int8 graph is valid, keeps its inputs and outputs and has a pair where integer runtimes fuse")
  func structure() throws {
    let graph = try SmallNetwork.quantized()
    try graph.validate(file: "int8")
    _ = try graph.inferTypes()
    let float = try SmallNetwork.float()
    #expect(graph.inputs == float.inputs && graph.outputs == float.outputs)
    let producer = GraphIndex(graph).producer
    func source(_ name: String) -> Node? { producer[name].map { graph.nodes[$0] } }
    for node in graph.nodes {
      switch node.operation {
      case "Conv":
        #expect(
          node.inputs.map { source($0)?.operation } == ["DequantizeLinear", "DequantizeLinear", "DequantizeLinear"])
      case "Add", "Concat", "MaxPool", "Resize":
        for input in node.inputs where graph.initializers[input] == nil && !input.isEmpty {
          #expect(source(input)?.operation == "DequantizeLinear", "\(node.label) reads \(input)")
        }
      case "Relu", "Clip":
        // Nothing between a computing node and its activation.
        #expect(["Conv", "Add"].contains(source(node.inputs[0])?.operation))
      default: break
      }
    }
    #expect(source("logits")?.operation == "DequantizeLinear")
    #expect(source("norm_quantized")?.inputs.first == "norm")
    #expect(source("norm")?.operation == "Div" && source("sub")?.inputs.first == "image")
  }

  @Test("weights are symmetric int8 a channel, biases int32 at the product of the scales")
  func weights() throws {
    let graph = try SmallNetwork.quantized()
    let names = ["stem", "depthwise", "project", "dilated", "logits"]
    let producer = GraphIndex(graph).producer
    for name in names {
      let weights = try #require(graph.initializers["\(name).w_quantized"]?.integers)
      #expect(weights.allSatisfy { (-127...127).contains($0) } && weights.contains { abs($0) > 100 })
      #expect(graph.initializers["\(name).w_zero_point"]?.integers?.allSatisfy { $0 == 0 } == true)
      let node = try #require(graph.nodes.first { $0.name == name })
      let input = graph.nodes[try #require(producer[node.inputs[0]])]
      let inputScale = try #require(graph.initializers[input.inputs[1]]?.floats.first)
      let bias = graph.nodes[try #require(producer[node.inputs[2]])]
      let scales = try #require(graph.initializers["\(name).w_scale"]?.floats)
      #expect(graph.initializers[bias.inputs[1]]?.floats == scales.map { inputScale * $0 })
      #expect(graph.initializers[bias.inputs[0]]?.elementType == .int32)
    }
  }

  @Test("activations: zero at 0 behind a ReLU, resize and pool keep the scale of their input")
  func activations() throws {
    let graph = try SmallNetwork.quantized()
    for name in ["stem_relu", "relu6", "sum_relu", "deep"] {
      #expect(graph.initializers["\(name)_zero_point"]?.integers == [0], "\(name)")
    }
    #expect(graph.initializers["up_scale"] == graph.initializers["deep_scale"])
    #expect(graph.initializers["pooled_scale"] == graph.initializers["sum_relu_scale"])
    #expect(try #require(graph.initializers["relu6_scale"]?.floats.first) <= 6.001 / 255)
  }

  @Test(
    "the int8 graph follows the float graph",
    arguments: [ActivationObserver.minMax, .percentile(0.9999), .meanSquaredError, .entropy])
  func accuracy(observer: ActivationObserver) throws {
    let float = try SmallNetwork.float()
    let graph = try SmallNetwork.quantized(QuantizerOptions(observer: observer))
    let pictures = (100..<104).map { SmallNetwork.picture($0) }
    let report = try LayerReport.compare(float: float, quantized: graph, pictures: pictures)
    #expect(report.map(\.name).contains("logits") && report.count >= 10)
    for layer in report {
      #expect(layer.signalToNoise > 22 && layer.cosine > 0.995 && layer.saturation < 0.02, "\(layer)")
    }
  }

  @Test("bias correction moves the channels' means back")
  func biasCorrection() throws {
    func meanError(_ corrects: Bool) throws -> Float {
      let graph = try SmallNetwork.quantized(QuantizerOptions(correctsBiases: corrects))
      let float = try FloatExecutor(SmallNetwork.float())
      let int8 = try FloatExecutor(graph)
      var shift = [Float](repeating: 0, count: 5)
      for seed in 0..<8 {
        let exact = try #require(try float.run(["image": SmallNetwork.picture(seed)])["logits"]).values
        let rounded = try #require(try int8.run(["image": SmallNetwork.picture(seed)])["logits"]).values
        for index in exact.indices { shift[index / (9 * 13)] += rounded[index] - exact[index] }
      }
      return shift.reduce(0) { $0 + abs($1) }
    }
    let uncorrected = try meanError(false)
    #expect(try meanError(true) < uncorrected)
  }

  @Test("two convolutions that share weights get weights of their own scale")
  func sharedWeights() throws {
    var graph = try SmallNetwork.float()
    let index = try #require(graph.nodes.firstIndex { $0.name == "project" })
    var twin = graph.nodes[index]
    twin.name = "twin"
    twin.inputs[0] = "pooled"
    twin.outputs = ["extra"]
    graph.nodes.append(twin)
    graph.outputs.append(ValueInfo(name: "extra", elementType: .float, shape: [1, 8, 5, 7]))
    let quantized = try Quantizer(graph).quantize(count: 2) { SmallNetwork.picture($0) }
    try quantized.validate(file: "twins")
    #expect(try FloatExecutor(quantized).run(["image": SmallNetwork.picture(0)])["extra"]?.shape == [1, 8, 5, 7])
  }

  @Test("refused: a model that is quantized already, no pictures")
  func refusals() throws {
    let quantized = try SmallNetwork.quantized()
    #expect(throws: RoadError.self) { _ = try Quantizer(quantized) }
    let quantizer = try Quantizer(SmallNetwork.float())
    #expect(throws: RoadError.self) { _ = try quantizer.quantize(count: 0) { SmallNetwork.picture($0) } }
  }
}

/// The int8 model in ONNX Runtime; see `make_goldens.py`.
@Suite("Quantizer against ONNX Runtime")
struct QuantizerGoldenTests {
  @Test func writesTheInt8Golden() throws {
    let bytes = ONNXWriter.write(try SmallNetwork.quantized())
    let file = SmallNetwork.goldens.appending(path: "int8.onnx")
    if ProcessInfo.processInfo.environment["ROADSEG_WRITE_GOLDENS"] != nil { try Data(bytes).write(to: file) }
    #expect(try [UInt8](Data(contentsOf: file)) == bytes, "the quantizer changed: make the goldens again")
  }

  @Test func agreesWithONNXRuntime() throws {
    func golden(_ name: String) throws -> [UInt8] {
      [UInt8](try Data(contentsOf: SmallNetwork.goldens.appending(path: name)))
    }
    let graph = try ONNXReader.read(bytes: golden("int8.onnx"))
    let picture = FloatTensor(shape: SmallNetwork.shape, values: try golden("int8-input.bin").map(Float.init))
    let expected = TensorData(elementType: .float, shape: [1, 5, 9, 13], bytes: try golden("int8-output.bin")).floats
    let output = try #require(try FloatExecutor(graph).run(["image": picture])["logits"]).values
    let step = try #require(graph.initializers["logits_scale"]?.floats.first)
    let steps = zip(output, expected).map { abs($0 - $1) / step }
    // Sums in another order may fall on the other side of a rounding: one step, seldom.
    #expect(steps.allSatisfy { $0 < 1.01 } && steps.filter { $0 > 0.01 }.count <= steps.count / 50)
  }
}
