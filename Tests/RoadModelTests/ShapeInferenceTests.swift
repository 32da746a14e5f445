import RoadBase
import RoadModel
import RoadTestSupport
import Testing

@Suite("Shape inference and passes")
struct ShapeInferenceTests {
  @Test(
    "every shape is the one that the onnx package infers",
    arguments: ["shapes-11", "shapes-13", "shapes-17", "layouts"])
  func agreesWithONNX(name: String) throws {
    let known = try ONNXReader.read(bytes: Models.golden(name + ".onnx")).inferTypes()
    let lines = String(decoding: try Models.golden(name + ".shapes"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count > 4)
    for line in lines {
      let words = line.split(separator: " ")
      #expect(known[String(words[0])]?.shape == words.dropFirst().compactMap { Int($0) }, "\(line)")
    }
  }

  @Test("shape arithmetic, identities and batch norms vanish", arguments: ["shapes-11", "shapes-13", "shapes-17"])
  func simplifies(name: String) throws {
    let graph = try ONNXReader.read(bytes: Models.golden(name + ".onnx")).simplified()
    #expect(graph.nodes.map(\.operation) == ["Conv", "Clip", "MaxPool", "Resize", "Conv"])
    try graph.validate(file: "simplified")
    let sizes = try #require(graph.initializers[graph.nodes[3].inputs[3]]?.integers)
    #expect(sizes == [1, 6, 10, 15])
    let clamp = try #require(Clamp(graph.nodes[1]) { graph.initializers[$0] })
    #expect(clamp == Clamp(low: 0, high: 6))
  }

  @Test("free dimensions take the size that is asked for; fixed ones refuse another")
  func binding() throws {
    var graph = Models.tiny()
    graph.inputs[0].shape = [nil, 3, nil, nil]
    let bound = try graph.bindingInputs(to: PictureSize(width: 9, height: 5))
    #expect(try bound.inferTypes()["out"]?.shape == [1, 2, 5, 9])
    #expect(throws: RoadError.self) { _ = try graph.inferTypes() }
    #expect(throws: RoadError.self) { _ = try Models.tiny().bindingInputs(to: PictureSize(width: 9, height: 5)) }
  }

  @Test("all nodes that cannot be used are listed at once")
  func unsupported() throws {
    var graph = Models.tiny()
    graph.nodes.append(Node(name: "odd", operation: "Oddity", inputs: ["c"], outputs: ["o1"]))
    graph.nodes.append(Node(name: "far", operation: "Conv", domain: "com.example", inputs: ["c"], outputs: ["o2"]))
    graph.nodes.append(Node(name: "after", operation: "Add", inputs: ["o1", "o2"], outputs: ["o3"]))
    graph.nodes.append(Node(name: "five", operation: "Conv", inputs: ["c", "w"], outputs: ["o4"]))
    let refusal = thrown(RoadError.self) { _ = try graph.inferTypes() }
    let error = try #require(refusal)
    #expect(error.cause.hasPrefix("3 nodes cannot be used"))
    for name in ["'odd' (Oddity)", "'far' (com.example.Conv)", "'five' (Conv)"] { #expect(error.cause.contains(name)) }
    #expect(!error.cause.contains("after"))
  }

  @Test("an If whose condition is known is its branch; other control flow is listed like every other node")
  func controlFlow() throws {
    let graph = try ONNXReader.read(bytes: Models.golden("control-flow.onnx"))
    let refusal = thrown(RoadError.self) { _ = try graph.simplified() }
    let error = try #require(refusal)
    #expect(error.cause.hasPrefix("2 nodes cannot be used"), "\(error)")
    for name in ["'turns' (Loop): subgraphs", "'behind' (Hardmax): the operator"] {
      #expect(error.cause.contains(name), "\(error)")
    }
    #expect(throws: RoadError.self) { _ = try ONNXReader.read(bytes: ONNXWriter.write(graph)).simplified() }
  }
}

extension Clamp {
  init(low: Float, high: Float) {
    let node = Node(name: "", operation: "Clip", inputs: ["x", "low", "high"], outputs: ["y"])
    self = Clamp(node) { TensorData(floats: [$0 == "low" ? low : high], shape: []) }!
  }
}
