/// Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), the ones we read or write.
enum ONNXFields {
  enum Model {
    static let irVersion = 1, producerName = 2, graph = 7, opsetImport = 8, metadata = 14, functions = 25
  }
  enum OperatorSet { static let domain = 1, version = 2 }
  enum Pair { static let key = 1, value = 2 }
  enum Graph {
    static let node = 1, name = 2, initializer = 5, input = 11, output = 12, sparseInitializer = 15
  }
  enum Node { static let input = 1, output = 2, name = 3, operation = 4, attribute = 5, domain = 7, overload = 8 }
  enum Function {
    static let name = 1, input = 4, output = 5, node = 7, opsetImport = 9, domain = 10, defaults = 11, overload = 13
  }
  enum Attribute {
    static let name = 1, float = 2, integer = 3, string = 4, tensor = 5, graph = 6, floats = 7, integers = 8
    static let strings = 9, tensors = 10, graphs = 11, type = 20, reference = 21, sparseTensor = 22
  }
  enum Tensor {
    static let dimensions = 1, type = 2, floats = 4, int32s = 5, int64s = 7, name = 8, raw = 9, doubles = 10
    static let uint64s = 11, externalData = 13, location = 14
  }
  enum Value { static let name = 1, type = 2 }
  enum ValueType { static let tensor = 1 }
  enum TensorType { static let element = 1, shape = 2 }
  enum Shape { static let dimension = 1 }
  enum Dimension { static let value = 1 }
}

/// AttributeProto.AttributeType.
enum AttributeKind: Int {
  case float = 1
  case integer = 2
  case string = 3
  case tensor = 4
  case graph = 5
  case floats = 6
  case integers = 7
  case strings = 8
}
