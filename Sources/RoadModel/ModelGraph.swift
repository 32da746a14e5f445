import RoadBase

/// An ONNX graph as plain values: what the reader makes, the passes change, the writer writes.
public struct ModelGraph: Sendable {
  public var name: String
  public var opset: Int
  public var inputs: [ValueInfo]
  public var outputs: [ValueInfo]
  /// In topological order, as ONNX demands.
  public var nodes: [Node]
  public var initializers: [String: TensorData]
  /// Free key-value pairs of the model file ("producer", "classes", ...), written back unchanged.
  public var metadata: [String: String]
  /// The tool that made the model, as the file names it.
  public var producer = ModelGraph.ownProducer

  /// What models that roadseg made name as their producer.
  public static let ownProducer = "roadseg"

  public init(
    name: String = "", opset: Int = 17, inputs: [ValueInfo] = [], outputs: [ValueInfo] = [],
    nodes: [Node] = [], initializers: [String: TensorData] = [:], metadata: [String: String] = [:]
  ) {
    self.name = name
    self.opset = opset
    self.inputs = inputs
    self.outputs = outputs
    self.nodes = nodes
    self.initializers = initializers
    self.metadata = metadata
  }
}

/// A graph input or output.
public struct ValueInfo: Hashable, Sendable {
  public var name: String
  public var elementType: ElementType
  /// A dimension without a fixed size is nil.
  public var shape: [Int?]

  public init(name: String, elementType: ElementType, shape: [Int?]) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
  }
}

/// One operator of the graph.
public struct Node: Sendable {
  public var name: String
  /// "Conv", "QuantizeLinear", ...: the ONNX name.
  public var operation: String
  /// Empty for the ONNX standard domain.
  public var domain: String
  /// Which of a model's own functions of one name is meant; empty for operators.
  public var overload = ""
  /// An omitted optional input is an empty string.
  public var inputs: [String]
  public var outputs: [String]
  public var attributes: [String: Attribute]

  public init(
    name: String, operation: String, domain: String = "", inputs: [String], outputs: [String],
    attributes: [String: Attribute] = [:]
  ) {
    self.name = name
    self.operation = operation
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }
}

public enum Attribute: Hashable, Sendable {
  case integer(Int)
  case float(Float)
  case string(String)
  case tensor(TensorData)
  case integers([Int])
  case floats([Float])
  case strings([String])
  /// A branch of an If.
  case graph(Subgraph)
  /// In a function that a model defines: the attribute of that name of whatever calls it.
  case reference(String)
  /// A sparse tensor or a list of graphs: no operator that we know has one, so only its presence is kept, for the list
  /// of nodes that cannot be used.
  case unreadable
}

/// A graph inside a graph; it sees the values around it. Two are equal only where they are the same.
public final class Subgraph: Hashable, Sendable {
  public let graph: ModelGraph

  public init(_ graph: ModelGraph) { self.graph = graph }

  public static func == (left: Subgraph, right: Subgraph) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// ONNX TensorProto.DataType, the ones that segmentation networks use.
public enum ElementType: Int, Sendable, CaseIterable {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case double = 11

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16: 2
    case .float, .int32: 4
    case .int64, .double: 8
    }
  }
}

/// A constant tensor: shape and little-endian bytes, row-major.
public struct TensorData: Hashable, Sendable {
  public var elementType: ElementType
  public var shape: [Int]
  public var bytes: [UInt8]

  public init(elementType: ElementType, shape: [Int], bytes: [UInt8]) {
    precondition(
      bytes.count == shape.reduce(1, *) * elementType.size,
      "\(bytes.count) bytes for shape \(shape) of \(elementType)")
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  public var count: Int { shape.reduce(1, *) }
}
