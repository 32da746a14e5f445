import Foundation
import RoadBase
import RoadFrame
import RoadModel
import Testing

/// A network of the zoo that another quantizer made, with every integer that ONNX Runtime computes in it;
/// `make_quantized.py` made both.
struct QuantizedElsewhere {
  let graph: ModelGraph
  /// ONNX Runtime's bytes of each activation for the first evaluation picture, channels last, by the name of the
  /// QuantizeLinear output, and of a Resize or MaxPool's own output where its bytes keep their scale. As the engine
  /// stores them: int8 as `byte ^ 0x80`.
  let layers: [String: [UInt8]]
  /// ONNX Runtime's class of each pixel, all evaluation pictures one behind the other.
  let classes: [UInt8]

  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(".onnx".count)) }.sorted()
  }()

  /// Others can be named that are not committed.
  static let named = ProcessInfo.processInfo.environment["ROADSEG_QUANTIZED"]
  private static let folder =
    named.map { URL(fileURLWithPath: $0) } ?? ZooNetwork.folder.appending(path: "Quantized")

  init(_ name: String) throws {
    func labels(_ kind: String) throws -> [UInt8] {
      try PNG.labels(path: Self.folder.appending(path: "\(name)-\(kind).png").path).values
    }
    graph = try ONNXReader.read(path: Self.folder.appending(path: "\(name).onnx").path)
    classes = try labels("classes")
    layers = try Self.layers(of: graph, in: try labels("layers"))
  }

  /// The file holds the activations in graph order without a table: their names and shapes are the graph's.
  private static func layers(of graph: ModelGraph, in bytes: [UInt8]) throws -> [String: [UInt8]] {
    let types = try graph.inferTypes().types
    let producers = GraphIndex(graph).producer
    var layers: [String: [UInt8]] = [:]
    var position = 0
    for node in graph.nodes where node.operation == "QuantizeLinear" && graph.initializers[node.inputs[0]] == nil {
      let type = try #require(types[node.outputs[0]])
      try #require(position + type.count <= bytes.count)
      let flip: UInt8 = type.elementType == .int8 ? 0x80 : 0
      layers[node.outputs[0]] = bytes[position..<position + type.count].map { $0 ^ flip }
      if try keepsScale(node, graph, producers) { layers[node.inputs[0]] = layers[node.outputs[0]] }
      position += type.count
    }
    try #require(bytes.count - position < 1024)
    return layers
  }

  /// Whether a QuantizeLinear gives back the scale and zero-point that came into the Resize or MaxPool before it.
  private static func keepsScale(
    _ quantize: Node, _ graph: ModelGraph, _ producers: [String: Int]
  ) throws -> Bool {
    guard let index = producers[quantize.inputs[0]], ["Resize", "MaxPool"].contains(graph.nodes[index].operation),
      let source = producers[graph.nodes[index].inputs[0]]
    else { return false }
    func parameters(_ node: Node) -> [TensorData?] { node.inputs[1...].map { graph.initializers[$0] } }
    return parameters(graph.nodes[source]) == parameters(quantize)
  }
}
