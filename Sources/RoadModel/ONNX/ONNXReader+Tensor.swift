import RoadBase

/// TensorProto: the only place that turns a shape from the file into a size, with every product checked.
extension ONNXReader {
  package static func readTensor(_ reader: inout ProtobufReader) throws(RoadError) -> (name: String, tensor: TensorData)
  {
    typealias Fields = ONNXFields.Tensor
    var content = TensorContent()
    while let field = try reader.nextField() {
      switch field.number {
      case Fields.dimensions: try reader.appendIntegers(field, to: &content.shape)
      case Fields.type: content.type = try reader.integer(field)
      case Fields.name:
        content.name = try reader.string(field)
        reader.context += " '\(content.name)'"
      case Fields.raw: content.raw = try reader.copyBytes(field)
      case Fields.floats: try reader.appendWords(field, size: 4, to: &content.words)
      case Fields.doubles: try reader.appendWords(field, size: 8, to: &content.words)
      case Fields.int32s, Fields.int64s, Fields.uint64s: try reader.appendIntegers(field, to: &content.integers)
      case Fields.externalData:
        let (key, value) = try readPair(&reader, field)
        content.external[key] = value
        content.isExternal = true
      case Fields.location:
        let location = try reader.integer(field)
        content.isExternal = content.isExternal || location == 1
      default: try reader.skip(field)
      }
    }
    return (content.name, try content.tensor(reader))
  }
}

/// What the fields of one TensorProto held, before it is known whether they fit together.
private struct TensorContent {
  var name = ""
  var type = 0
  var shape: [Int] = []
  var raw: [UInt8]?
  /// From float_data or double_data.
  var words: [UInt8] = []
  /// From int32_data, int64_data or uint64_data.
  var integers: [Int] = []
  var isExternal = false
  /// Of external_data.
  var external: [String: String] = [:]

  func tensor(_ reader: ProtobufReader) throws(RoadError) -> TensorData {
    guard let elementType = ElementType(rawValue: type) else {
      throw RoadError(.model, "\(reader.context): element type \(type) is not supported")
    }
    guard shape.count <= ONNXReader.rankLimit, let count = ShapeLimits.count(shape) else {
      throw reader.failure("the shape \(shape.prefix(12)) is impossible")
    }
    let bytes = try externalBytes(count * elementType.size, reader) ?? raw ?? words + packedIntegers(elementType)
    guard bytes.count == count * elementType.size else {
      throw reader.failure(
        "shape \(shape) of \(elementType) needs \(count * elementType.size) bytes, not \(bytes.count)")
    }
    return TensorData(elementType: elementType, shape: shape, bytes: bytes)
  }

  /// Nil where the data lies in the message.
  private func externalBytes(_ count: Int, _ reader: ProtobufReader) throws(RoadError) -> [UInt8]? {
    guard isExternal else { return nil }
    guard let files = reader.external else {
      throw RoadError(
        .model, "\(reader.context): its data lies in another file, and the model comes without a folder",
        remedy: "save the model as one file (onnx.save_model(model, path, save_as_external_data=False))")
    }
    return try files.read(external, count: count, context: reader.context)
  }

  /// The integers of the typed fields cut to the width of the element type, as onnx.proto prescribes.
  private func packedIntegers(_ elementType: ElementType) -> [UInt8] {
    switch elementType.size {
    case 1: integers.map { UInt8(truncatingIfNeeded: $0) }
    case 2: littleEndianBytes(integers.map { UInt16(truncatingIfNeeded: $0) })
    case 4: littleEndianBytes(integers.map { UInt32(truncatingIfNeeded: $0) })
    default: littleEndianBytes(integers)
    }
  }
}
