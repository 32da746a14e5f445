import Foundation
import RoadBase

/// Reads ONNX model files. The bytes are untrusted: whatever they hold, the outcome is a graph that passed
/// ``ModelGraph/validate(file:)`` or a `RoadError` that names the file and, where there is one, the node.
public enum ONNXReader {
  /// The versions of the standard operator set whose meaning we know.
  public static let opsets = 9...28
  /// Beyond any segmentation network; keeps damaged or hostile files from eating the machine's memory.
  static let byteLimit = 1 << 30
  static let nodeLimit = 100_000
  static let rankLimit = 8

  public static func read(path: String) throws(RoadError) -> ModelGraph {
    let content: Data
    do {
      let url = URL(fileURLWithPath: path)
      let size = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
      guard size <= byteLimit else {
        throw RoadError(
          .model, "\(path): \(size >> 20) MiB, more than the \(byteLimit >> 20) MiB that a model may have")
      }
      content = try Data(contentsOf: url)
    } catch let error as RoadError {
      throw error
    } catch {
      throw RoadError(
        .model, "\(path): cannot be read (\(error.localizedDescription))", remedy: "give the path of an ONNX file")
    }
    return try read(bytes: Array(content), file: path, external: ExternalFiles(besideModel: path, byteLimit: byteLimit))
  }

  /// - Parameter file: what to call the model in errors.
  public static func read(bytes: [UInt8], file: String = "model") throws(RoadError) -> ModelGraph {
    try read(bytes: bytes, file: file, external: nil)
  }

  private static func read(bytes: [UInt8], file: String, external: ExternalFiles?) throws(RoadError) -> ModelGraph {
    guard !bytes.isEmpty else {
      throw RoadError(.model, "\(file): the file is empty", remedy: "export it or copy it again")
    }
    guard bytes.count <= byteLimit else {
      throw RoadError(.model, "\(file): more than \(byteLimit >> 20) MiB")
    }
    var reader = ProtobufReader(bytes, context: file, external: external)
    let graph = try readModel(&reader, file: file)
    try graph.validate(file: file)
    return graph.inPlainForm()
  }

  private static func readModel(_ reader: inout ProtobufReader, file: String) throws(RoadError) -> ModelGraph {
    var graph: ModelGraph?
    var opset: Int?
    var producer = ""
    var metadata: [String: String] = [:]
    var functions: [String: LocalFunction] = [:]
    while let field = try reader.nextField() {
      switch field.number {
      case ONNXFields.Model.graph:
        guard graph == nil else { throw reader.failure("two graphs in one model") }
        var nested = try reader.message(field)
        graph = try readGraph(&nested, file: file)
      case ONNXFields.Model.opsetImport:
        let (domain, version) = try readOperatorSet(&reader, field)
        if domain.isEmpty || domain == "ai.onnx" { opset = version }
      case ONNXFields.Model.producerName: producer = try reader.string(field)
      case ONNXFields.Model.metadata:
        let (key, value) = try readPair(&reader, field)
        metadata[key] = value
      case ONNXFields.Model.functions:
        var message = try reader.message(field, "\(file): function \(functions.count)")
        let function = try readFunction(&message)
        functions[function.key] = function
      default: try reader.skip(field)
      }
    }
    guard var graph else { throw reader.failure("there is no graph in it") }
    guard let opset, opsets.contains(opset) else {
      throw RoadError(
        .model, "\(file): operator set \(opset.map(String.init) ?? "unknown"); \(opsets) are supported",
        remedy: "export the model again with opset_version=17")
    }
    graph.opset = opset
    graph.metadata = metadata
    graph.producer = producer
    return try graph.inlining(functions, file: file)
  }

  private static func readFunction(_ reader: inout ProtobufReader) throws(RoadError) -> LocalFunction {
    typealias Fields = ONNXFields.Function
    var function = LocalFunction()
    while let field = try reader.nextField() {
      switch field.number {
      case Fields.name:
        function.name = try reader.string(field)
        reader.context += " '\(function.name)'"
      case Fields.input: function.inputs.append(try reader.string(field))
      case Fields.output: function.outputs.append(try reader.string(field))
      case Fields.node:
        var message = try reader.message(field)
        function.nodes.append(try readNode(&message))
      case Fields.opsetImport:
        let (domain, version) = try readOperatorSet(&reader, field)
        if domain.isEmpty || domain == "ai.onnx" { function.opset = version }
      case Fields.domain:
        let domain = try reader.string(field)
        function.domain = domain == "ai.onnx" ? "" : domain
      case Fields.overload: function.overload = try reader.string(field)
      case Fields.defaults:
        var message = try reader.message(field)
        let (name, value) = try readAttribute(&message)
        function.defaults[name] = value
      default: try reader.skip(field)
      }
    }
    return function
  }

  private static func readOperatorSet(
    _ reader: inout ProtobufReader, _ field: ProtobufReader.Field
  ) throws(RoadError) -> (domain: String, version: Int) {
    var message = try reader.message(field)
    var result = (domain: "", version: 0)
    while let field = try message.nextField() {
      switch field.number {
      case ONNXFields.OperatorSet.domain: result.domain = try message.string(field)
      case ONNXFields.OperatorSet.version: result.version = try message.integer(field)
      default: try message.skip(field)
      }
    }
    return result
  }

  static func readPair(
    _ reader: inout ProtobufReader, _ field: ProtobufReader.Field
  ) throws(RoadError) -> (key: String, value: String) {
    var message = try reader.message(field)
    var result = (key: "", value: "")
    while let field = try message.nextField() {
      switch field.number {
      case ONNXFields.Pair.key: result.key = try message.string(field)
      case ONNXFields.Pair.value: result.value = try message.string(field)
      default: try message.skip(field)
      }
    }
    return result
  }
}
