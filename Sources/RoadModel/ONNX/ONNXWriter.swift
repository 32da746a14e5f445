/// Writes a graph as an ONNX ModelProto that ONNX Runtime and Netron open. Equal graphs give equal bytes.
public enum ONNXWriter {
  public static func write(_ graph: ModelGraph) -> [UInt8] {
    let graph = graph.namingQuantizationDomains()
    var writer = ProtobufWriter()
    writer.integer(ONNXFields.Model.irVersion, irVersion(opset: graph.opset))
    writer.string(ONNXFields.Model.producerName, graph.producer)
    writer.message(ONNXFields.Model.graph) { write(graph, to: &$0) }
    let domains = Set(graph.nodes.map(\.domain)).subtracting([""]).sorted()
    for (domain, version) in [("", graph.opset)] + domains.map({ ($0, 1) }) {
      writer.message(ONNXFields.Model.opsetImport) {
        if !domain.isEmpty { $0.string(ONNXFields.OperatorSet.domain, domain) }
        $0.integer(ONNXFields.OperatorSet.version, version)
      }
    }
    for (key, value) in graph.metadata.sorted(by: { $0.key < $1.key }) {
      writer.message(ONNXFields.Model.metadata) {
        $0.string(ONNXFields.Pair.key, key)
        $0.string(ONNXFields.Pair.value, value)
      }
    }
    return writer.bytes
  }

  /// The IR version that came with an operator set (https://onnx.ai/onnx/intro/converters.html); the lowest one that
  /// suits is read by the most runtimes.
  private static func irVersion(opset: Int) -> Int {
    switch opset {
    case ...18: 8
    case ...20: 9
    case ...22: 10
    case ...23: 11
    case ...24: 12
    default: 13
    }
  }

  private static func write(_ graph: ModelGraph, to writer: inout ProtobufWriter) {
    for node in graph.nodes { writer.message(ONNXFields.Graph.node) { write(node, to: &$0) } }
    writer.string(ONNXFields.Graph.name, graph.name.isEmpty ? "graph" : graph.name)
    for (name, tensor) in graph.initializers.sorted(by: { $0.key < $1.key }) {
      writer.message(ONNXFields.Graph.initializer) { write(tensor, name: name, to: &$0) }
    }
    for input in graph.inputs { writer.message(ONNXFields.Graph.input) { write(input, to: &$0) } }
    for output in graph.outputs { writer.message(ONNXFields.Graph.output) { write(output, to: &$0) } }
  }

  private static func write(_ node: Node, to writer: inout ProtobufWriter) {
    for input in node.inputs { writer.string(ONNXFields.Node.input, input) }
    for output in node.outputs { writer.string(ONNXFields.Node.output, output) }
    if !node.name.isEmpty { writer.string(ONNXFields.Node.name, node.name) }
    writer.string(ONNXFields.Node.operation, node.operation)
    for (name, value) in node.attributes.sorted(by: { $0.key < $1.key }) where value.isWritten {
      writer.message(ONNXFields.Node.attribute) {
        $0.string(ONNXFields.Attribute.name, name)
        write(value, to: &$0)
      }
    }
    if !node.domain.isEmpty { writer.string(ONNXFields.Node.domain, node.domain) }
  }

  private static func write(_ value: Attribute, to writer: inout ProtobufWriter) {
    typealias Fields = ONNXFields.Attribute
    let kind: AttributeKind
    switch value {
    case .integer(let value):
      writer.integer(Fields.integer, value)
      kind = .integer
    case .float(let value):
      writer.float(Fields.float, value)
      kind = .float
    case .string(let value):
      writer.string(Fields.string, value)
      kind = .string
    case .tensor(let value):
      writer.message(Fields.tensor) { write(value, name: "", to: &$0) }
      kind = .tensor
    case .integers(let values):
      writer.packedIntegers(Fields.integers, values)
      kind = .integers
    case .floats(let values):
      writer.packedFloats(Fields.floats, values)
      kind = .floats
    case .strings(let values):
      for value in values { writer.string(Fields.strings, value) }
      kind = .strings
    case .graph, .reference, .unreadable: return
    }
    writer.integer(Fields.type, kind.rawValue)
  }

  private static func write(_ tensor: TensorData, name: String, to writer: inout ProtobufWriter) {
    writer.packedIntegers(ONNXFields.Tensor.dimensions, tensor.shape)
    writer.integer(ONNXFields.Tensor.type, tensor.elementType.rawValue)
    if !name.isEmpty { writer.string(ONNXFields.Tensor.name, name) }
    writer.delimited(ONNXFields.Tensor.raw, tensor.bytes)
  }

  private static func write(_ info: ValueInfo, to writer: inout ProtobufWriter) {
    writer.string(ONNXFields.Value.name, info.name)
    writer.message(ONNXFields.Value.type) {
      $0.message(ONNXFields.ValueType.tensor) {
        $0.integer(ONNXFields.TensorType.element, info.elementType.rawValue)
        $0.message(ONNXFields.TensorType.shape) {
          for size in info.shape {
            $0.message(ONNXFields.Shape.dimension) {
              if let size { $0.integer(ONNXFields.Dimension.value, size) }
            }
          }
        }
      }
    }
  }
}

extension Attribute {
  /// Graphs that roadseg writes have no control flow.
  fileprivate var isWritten: Bool {
    switch self {
    case .graph, .reference, .unreadable: false
    default: true
    }
  }
}
