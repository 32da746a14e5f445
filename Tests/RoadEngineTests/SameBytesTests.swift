import RoadBase
import RoadEngine
import RoadKernels
import RoadModel
import Testing

/// The promise to users: the scores depend on the model and the pixels alone.
@Suite struct SameBytesTests {
  @Test(
    "every instruction set, thread count and fusion gives the bytes of the reference",
    arguments: 0..<12 as Range<UInt64>, [EngineOptions.Rounding.fast, .onnxRuntime])
  func sameBytes(seed: UInt64, rounding: EngineOptions.Rounding) throws {
    let model = QuantizedGraph.random(height: 37 + Int(seed), width: 51 - Int(seed), seed: seed)
    let law = try scores(
      model, EngineOptions(threads: 1, instructionSet: .reference, fusesLayers: false, rounding: rounding),
      seed: seed)
    #expect(Set(law).count > 8, "scores without variety prove nothing")
    for set in InstructionSet.available {
      for threads in 1...3 {
        for fuses in [true, false] {
          let options = EngineOptions(threads: threads, instructionSet: set, fusesLayers: fuses, rounding: rounding)
          let bytes = try scores(model, options, seed: seed)
          #expect(bytes == law, "\(set.rawValue) on \(threads) threads, \(fuses ? "" : "not ")fused")
        }
      }
    }
  }

  @Test("models of others round as ONNX Runtime does, ours fast, unless options say otherwise")
  func roundingFollowsTheProducer() throws {
    var model = QuantizedGraph.random(height: 40, width: 40, seed: 3)
    let fast = try scores(model, EngineOptions(rounding: .fast), seed: 3)
    let exact = try scores(model, EngineOptions(rounding: .onnxRuntime), seed: 3)
    #expect(fast != exact)
    #expect(try scores(model, EngineOptions(), seed: 3) == fast)
    model.producer = "onnx.quantize"
    #expect(try scores(model, EngineOptions(), seed: 3) == exact)
    let file = try ONNXReader.read(bytes: ONNXWriter.write(model))
    #expect(file.producer == model.producer)
    model.metadata["roadseg.calibration"] = "{}"
    #expect(try scores(model, EngineOptions(), seed: 3) == fast)
  }

  /// What lies beside the picture is the zero-point, written out or not; written out, no tap is left out.
  @Test(
    "taps beside the picture add nothing", arguments: [(9, 12, 5), (11, 9, 12), (14, 20, 8), (24, 32, 36)],
    [EngineOptions.Rounding.fast, .onnxRuntime])
  func tapsBesideThePicture(size: (Int, Int, Int), rounding: EngineOptions.Rounding) throws {
    func model(padded: Bool) -> ModelGraph {
      var graph = QuantizedGraph(height: size.0, width: size.1, seed: 7)
      let image = graph.picture()
      let first = graph.convolution(image, channels: 24, relu: false)
      let wide = graph.convolution(first, channels: 20, kernel: 3, dilation: size.2, relu: false)
      guard padded, let conv = graph.graph.nodes.lastIndex(where: { $0.operation == "Conv" }) else {
        return graph.finish(wide)
      }
      let (pad, node) = (size.2, graph.graph.nodes[conv])
      graph.graph.initializers["pads"] = TensorData(integers: [0, 0, pad, pad, 0, 0, pad, pad])
      graph.graph.nodes[conv].inputs[0] = "padded"
      graph.graph.nodes[conv].attributes["pads"] = .integers([0, 0, 0, 0])
      graph.graph.nodes.insert(
        Node(name: "pad", operation: "Pad", inputs: [node.inputs[0], "pads"], outputs: ["padded"]), at: conv)
      return graph.finish(wide)
    }
    for set in InstructionSet.available {
      let options = EngineOptions(threads: 2, instructionSet: set, rounding: rounding)
      let plain = try scores(model(padded: false), options, seed: 9)
      #expect(Set(plain).count > 8)
      let padded = try scores(model(padded: true), options, seed: 9)
      #expect(plain == padded, "\(set.rawValue)")
    }
  }

  @Test("a second frame does not remember the first")
  func framesAreIndependent() throws {
    let model = QuantizedGraph.random(height: 40, width: 40, seed: 5)
    let engine = try Engine(model: model, options: EngineOptions(threads: 2))
    engine.fillInput(seed: 1)
    engine.run()
    let first = engine.scoreBytes
    engine.fillInput(seed: 2)
    engine.run()
    #expect(engine.scoreBytes != first)
    engine.fillInput(seed: 1)
    engine.run()
    #expect(engine.scoreBytes == first)
  }

  private func scores(_ model: ModelGraph, _ options: EngineOptions, seed: UInt64) throws -> [UInt8] {
    let engine = try Engine(model: model, options: options)
    engine.fillInput(seed: seed)
    engine.run()
    return engine.scoreBytes
  }
}
