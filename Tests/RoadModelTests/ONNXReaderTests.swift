import RoadBase
import RoadModel
import RoadTestSupport
import Testing

@Suite("ONNX reader and writer")
struct ONNXReaderTests {
  @Test("what is written is read back unchanged", arguments: ["shapes-11.onnx", "shapes-17.onnx", "layouts.onnx"])
  func roundTrip(name: String) throws {
    let graph = try ONNXReader.read(bytes: Models.golden(name))
    let written = ONNXWriter.write(graph)
    let again = try ONNXReader.read(bytes: written)
    #expect(again.initializers == graph.initializers)
    #expect(again.inputs == graph.inputs && again.outputs == graph.outputs)
    #expect(again.nodes.map(\.attributes) == graph.nodes.map(\.attributes))
    #expect(again.nodes.map(\.inputs) == graph.nodes.map(\.inputs))
    #expect(ONNXWriter.write(again) == written)
  }

  @Test("a graph made by hand keeps its metadata and operator set")
  func metadata() throws {
    let graph = try ONNXReader.read(bytes: ONNXWriter.write(Models.tiny()))
    #expect(graph.metadata == ["classes": "a,b"])
    #expect(graph.opset == 17 && graph.name == "tiny")
  }

  @Test("every element type is read from raw and from typed fields")
  func typedFields() throws {
    // TensorProto: dims [3], FLOAT, float_data packed 1, 2, 3.
    let floats: [UInt8] = [8, 3, 16, 1, 34, 12, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64]
    var reader = ProtobufReader(floats, context: "t")
    #expect(try ONNXReader.readTensor(&reader).tensor.floats == [1, 2, 3])
    // dims [2], INT8, int32_data unpacked -1, 5 (ten-byte varint for the negative one).
    let bytes: [UInt8] = [8, 2, 16, 3, 40] + [UInt8](repeating: 255, count: 9) + [1, 40, 5]
    reader = ProtobufReader(bytes, context: "t")
    #expect(try ONNXReader.readTensor(&reader).tensor.integers == [-1, 5])
    #expect(Float16Bits.float(0x3C00) == 1 && Float16Bits.float(0xC500) == -5 && Float16Bits.float(0x0001) == 0x1p-24)
  }

  @Test("external data, bad shapes and short data are refused by name")
  func badTensors() throws {
    let cases: [(bytes: [UInt8], words: String)] = [
      ([8, 1, 16, 1, 66, 1, 119, 112, 1], "'w': its data lies in another file"),
      ([8, 2, 16, 1, 66, 1, 119, 74, 4, 0, 0, 0, 0], "needs 8 bytes, not 4"),
      ([8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 16, 1], "shape [-1] is impossible"),
      ([8, 128, 128, 128, 8, 8, 128, 128, 128, 8, 16, 1], "is impossible"),
      ([8, 1, 16, 77, 74, 1, 0], "element type 77"),
      ([8, 1, 16, 1, 74, 200], "truncated"),
    ]
    for (bytes, words) in cases {
      var reader = ProtobufReader(bytes, context: "net.onnx: initializer 0")
      let refusal = thrown(RoadError.self) { _ = try ONNXReader.readTensor(&reader) }
      let error = try #require(refusal)
      #expect(error.subject == .model && error.cause.contains(words), "\(error)")
      #expect(error.cause.hasPrefix("net.onnx: initializer 0"))
    }
  }

  @Test("broken graphs are refused with the node's name")
  func badGraphs() throws {
    let cases: [(String, (inout ModelGraph) -> Void)] = [
      ("'relu' (Relu) reads 'missing'", { $0.nodes[1].inputs = ["missing"] }),
      ("not sorted, or form a cycle", { $0.nodes.swapAt(0, 1) }),
      ("not sorted, or form a cycle", { $0.nodes[0].inputs[0] = "out" }),
      ("produces 'image', a name that is taken", { $0.nodes[0].outputs = ["image"] }),
      ("produces 'c', a name that is taken", { $0.nodes[1].outputs = ["c"] }),
      ("output 'else' is not computed", { $0.outputs[0].name = "else" }),
      ("no nodes", { $0.nodes = [] }),
      ("operator set 8", { $0.opset = 8 }),
      ("operator set 99", { $0.opset = 99 }),
      ("reads 'w'", { $0.initializers = [:] }),
    ]
    for (words, change) in cases {
      var graph = Models.tiny()
      change(&graph)
      let bytes = ONNXWriter.write(graph)
      let refusal = thrown(RoadError.self) { _ = try ONNXReader.read(bytes: bytes, file: "net.onnx") }
      let error = try #require(refusal)
      #expect(error.cause.contains(words) && error.cause.hasPrefix("net.onnx: "), "\(error)")
    }
  }

  @Test("garbage, empty and absent files are one clear error each")
  func garbage() {
    for bytes in [
      [], [UInt8]("hello, this is text".utf8), [UInt8](repeating: 255, count: 64), [UInt8](repeating: 0, count: 64),
    ] {
      #expect(throws: RoadError.self) { _ = try ONNXReader.read(bytes: bytes) }
    }
    #expect(throws: RoadError.self) { _ = try ONNXReader.read(path: "/nowhere/net.onnx") }
    #expect(throws: RoadError.self) { _ = try ONNXReader.read(path: "/tmp") }
  }

  @Test("the trained network is read whole", .enabled(if: Models.contextNet != nil, "../shared/models is absent"))
  func contextNet() throws {
    let graph = try ONNXReader.read(path: try #require(Models.contextNet))
    #expect(graph.opset == 17)
    let simple = try graph.simplified()
    #expect(Set(simple.nodes.map(\.operation)) == ["Sub", "Div", "Conv", "Relu", "Resize", "Add"])
    #expect(try simple.inferTypes()["logits"]?.shape == [1, 7, 45, 60])
  }
}
