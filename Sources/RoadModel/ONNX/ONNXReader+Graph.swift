import RoadBase

/// GraphProto, NodeProto, AttributeProto and ValueInfoProto.
extension ONNXReader {
  static func readGraph(_ reader: inout ProtobufReader, file: String) throws(RoadError) -> ModelGraph {
    var graph = ModelGraph()
    while let field = try reader.nextField() {
      switch field.number {
      case ONNXFields.Graph.name: graph.name = try reader.string(field)
      case ONNXFields.Graph.node:
        guard graph.nodes.count < nodeLimit else { throw reader.failure("more than \(nodeLimit) nodes") }
        var message = try reader.message(field, "\(file): node \(graph.nodes.count)")
        graph.nodes.append(try readNode(&message))
      case ONNXFields.Graph.initializer:
        var message = try reader.message(field, "\(file): initializer \(graph.initializers.count)")
        let (name, tensor) = try readTensor(&message)
        guard !name.isEmpty else { throw message.failure("it has no name") }
        guard graph.initializers.updateValue(tensor, forKey: name) == nil else {
          throw RoadError(.model, "\(file): two initializers are called '\(name)'", remedy: "export the model again")
        }
      case ONNXFields.Graph.input:
        var message = try reader.message(field, "\(file): graph input \(graph.inputs.count)")
        graph.inputs.append(try readValueInfo(&message))
      case ONNXFields.Graph.output:
        var message = try reader.message(field, "\(file): graph output \(graph.outputs.count)")
        graph.outputs.append(try readValueInfo(&message))
      case ONNXFields.Graph.sparseInitializer:
        throw RoadError(
          .model, "\(file): sparse initializers are not supported", remedy: "export the model with dense weights")
      default: try reader.skip(field)
      }
    }
    // Until IR version 4 every initializer was listed as an input too.
    graph.inputs.removeAll { graph.initializers[$0.name] != nil }
    return graph
  }

  static func readNode(_ reader: inout ProtobufReader) throws(RoadError) -> Node {
    var node = Node(name: "", operation: "", inputs: [], outputs: [])
    while let field = try reader.nextField() {
      switch field.number {
      case ONNXFields.Node.input: node.inputs.append(try reader.string(field))
      case ONNXFields.Node.output: node.outputs.append(try reader.string(field))
      case ONNXFields.Node.name:
        node.name = try reader.string(field)
        reader.context += " '\(node.name)'"
      case ONNXFields.Node.operation: node.operation = try reader.string(field)
      case ONNXFields.Node.attribute:
        var message = try reader.message(field)
        let (name, value) = try readAttribute(&message)
        guard node.attributes.updateValue(value, forKey: name) == nil else {
          throw reader.failure("attribute '\(name)' is given twice")
        }
      case ONNXFields.Node.domain:
        let domain = try reader.string(field)
        node.domain = domain == "ai.onnx" ? "" : domain
      case ONNXFields.Node.overload: node.overload = try reader.string(field)
      default: try reader.skip(field)
      }
    }
    // The same operators, with 16 bits before operator set 21 had them.
    if node.domain == "com.microsoft", QuantizationDomain.operations.contains(node.operation) { node.domain = "" }
    return node
  }

  static func readAttribute(
    _ reader: inout ProtobufReader
  ) throws(RoadError) -> (name: String, value: Attribute) {
    typealias Fields = ONNXFields.Attribute
    var name = ""
    var kind = 0
    var scalar: Attribute?
    var floatWords: [UInt8] = []
    var integers: [Int] = []
    var strings: [String] = []
    var isUnreadable = false
    var reference = ""
    while let field = try reader.nextField() {
      switch field.number {
      case Fields.name:
        name = try reader.string(field)
        reader.context += ": attribute '\(name)'"
      case Fields.float:
        try reader.expect(.fixed32, field)
        scalar = .float(Float(bitPattern: try reader.fixed32()))
      case Fields.integer: scalar = .integer(try reader.integer(field))
      case Fields.string: scalar = .string(try reader.string(field))
      case Fields.tensor:
        var message = try reader.message(field)
        scalar = .tensor(try readTensor(&message).tensor)
      case Fields.floats: try reader.appendWords(field, size: 4, to: &floatWords)
      case Fields.integers: try reader.appendIntegers(field, to: &integers)
      case Fields.strings: strings.append(try reader.string(field))
      case Fields.type: kind = try reader.integer(field)
      case Fields.reference: reference = try reader.string(field)
      case Fields.graph:
        var message = try reader.message(field)
        scalar = .graph(Subgraph(try readGraph(&message, file: reader.context)))
      case Fields.tensors, Fields.graphs, Fields.sparseTensor:
        isUnreadable = true
        try reader.skip(field)
      default: try reader.skip(field)
      }
    }
    if isUnreadable { return (name, .unreadable) }
    if !reference.isEmpty { return (name, .reference(reference)) }
    switch AttributeKind(rawValue: kind) {
    case .floats: return (name, .floats(TensorData(words: floatWords).floats))
    case .integers: return (name, .integers(integers))
    case .strings: return (name, .strings(strings))
    case .float: return (name, scalar ?? .float(0))
    case .integer: return (name, scalar ?? .integer(0))
    case .string: return (name, scalar ?? .string(""))
    case .tensor, .graph, nil:
      // Models of IR version 1 and 2 may leave the type out.
      if let scalar { return (name, scalar) }
      if !integers.isEmpty { return (name, .integers(integers)) }
      if !floatWords.isEmpty { return (name, .floats(TensorData(words: floatWords).floats)) }
      throw reader.failure("it has no value (type \(kind))")
    }
  }

  private static func readValueInfo(_ reader: inout ProtobufReader) throws(RoadError) -> ValueInfo {
    var info = ValueInfo(name: "", elementType: .float, shape: [])
    while let field = try reader.nextField() {
      switch field.number {
      case ONNXFields.Value.name:
        info.name = try reader.string(field)
        reader.context += " '\(info.name)'"
      case ONNXFields.Value.type:
        var type = try reader.message(field)
        while let field = try type.nextField() {
          guard field.number == ONNXFields.ValueType.tensor else {
            try type.skip(field)
            continue
          }
          var tensor = try type.message(field)
          try readTensorType(&tensor, into: &info)
        }
      default: try reader.skip(field)
      }
    }
    return info
  }

  private static func readTensorType(
    _ reader: inout ProtobufReader, into info: inout ValueInfo
  ) throws(RoadError) {
    while let field = try reader.nextField() {
      switch field.number {
      case ONNXFields.TensorType.element:
        let type = try reader.integer(field)
        guard let known = ElementType(rawValue: type) else { throw reader.failure("element type \(type) is unknown") }
        info.elementType = known
      case ONNXFields.TensorType.shape:
        var shape = try reader.message(field)
        while let field = try shape.nextField() {
          guard field.number == ONNXFields.Shape.dimension else {
            try shape.skip(field)
            continue
          }
          guard info.shape.count < rankLimit else { throw reader.failure("more than \(rankLimit) dimensions") }
          var dimension = try shape.message(field)
          info.shape.append(try readDimension(&dimension))
        }
      default: try reader.skip(field)
      }
    }
  }

  /// The size, or nil for a dimension that is a name, is missing or is not positive.
  private static func readDimension(_ reader: inout ProtobufReader) throws(RoadError) -> Int? {
    var size: Int?
    while let field = try reader.nextField() {
      if field.number == ONNXFields.Dimension.value {
        let value = try reader.integer(field)
        guard value <= ShapeLimits.dimension else { throw reader.failure("dimension \(value) is too large") }
        size = value > 0 ? value : nil
      } else {
        try reader.skip(field)
      }
    }
    return size
  }
}

extension TensorData {
  /// A list of floats from their little-endian words.
  fileprivate init(words: [UInt8]) {
    self.init(elementType: .float, shape: [words.count / 4], bytes: words)
  }
}
