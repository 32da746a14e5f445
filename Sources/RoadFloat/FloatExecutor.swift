import RoadBase
import RoadModel

/// Runs an ONNX graph in 32-bit floats: for calibration, for the evaluation of float models, and as the oracle of
/// tests.
///
/// It is exact in the sense of ONNX Runtime's CPU provider (within float rounding), and no faster than that needs:
/// the product's speed lives in the integer engine. Shapes are those of the input given, so one executor serves every
/// size that the graph allows.
public final class FloatExecutor: Sendable {
  public let graph: ModelGraph
  private let constants: [String: TensorValue]
  /// Names whose value is needed last by the node of that index: their memory goes back there.
  private let lastUses: [[String]]

  /// - Throws: one `RoadError` that lists every node whose operator is not supported.
  public init(_ graph: ModelGraph) throws(RoadError) {
    let unsupported = graph.nodes.filter { OperatorCatalogue[$0.operation]?.evaluation == nil || !$0.domain.isStandard }
    guard unsupported.isEmpty else {
      let list = unsupported.map { "'\($0.name)' (\($0.operation))" }.joined(separator: ", ")
      throw RoadError(
        .model, "no float operator for \(unsupported.count) nodes: \(list)",
        remedy: "export the model with the operators that the README lists")
    }
    self.graph = Self.withOutputTypes(graph)
    constants = graph.initializers.mapValues(TensorValue.init)
    lastUses = Self.lastUses(in: graph)
  }

  /// QuantizeLinear takes its output type from its zero-point, a constant whose type ``TensorValue`` forgets: noted on
  /// the node.
  private static func withOutputTypes(_ graph: ModelGraph) -> ModelGraph {
    var typed = graph
    for (index, node) in graph.nodes.enumerated() where node.operation == "QuantizeLinear" && node.inputs.count > 2 {
      guard let zeroPoint = graph.initializers[node.inputs[2]] else { continue }
      typed.nodes[index].attributes["output_dtype"] = .integer(zeroPoint.elementType.rawValue)
    }
    return typed
  }

  /// One pass through the graph.
  ///
  /// - Parameters:
  ///   - inputs: a tensor for every graph input that is not an initializer.
  ///   - observe: called with every float tensor that a node computes, in graph order.
  /// - Returns: the graph's outputs by name.
  /// - Throws: a `RoadError` naming the node whose inputs do not fit.
  public func run(
    _ inputs: [String: FloatTensor], observe: ((String, FloatTensor) -> Void)? = nil
  ) throws(RoadError) -> [String: FloatTensor] {
    var values = constants
    for input in graph.inputs where graph.initializers[input.name] == nil {
      guard let tensor = inputs[input.name] else {
        throw RoadError(.model, "no value for the graph's input '\(input.name)'")
      }
      values[input.name] = .floats(tensor)
    }
    let kept = Set(graph.outputs.map(\.name))
    for (index, node) in graph.nodes.enumerated() {
      let results = try Self.compute(node, opset: graph.opset, values: values)
      for (name, value) in zip(node.outputs, results) where !name.isEmpty {
        values[name] = value
        if let observe, case .floats(let tensor) = value { observe(name, tensor) }
      }
      for name in lastUses[index] where !kept.contains(name) { values[name] = nil }
    }
    return try outputs(from: values)
  }

  private func outputs(from values: [String: TensorValue]) throws(RoadError) -> [String: FloatTensor] {
    var outputs: [String: FloatTensor] = [:]
    for output in graph.outputs {
      guard case .floats(let tensor)? = values[output.name] else {
        throw RoadError(
          .model, "output '\(output.name)' holds no real numbers",
          remedy: "end the model at its scores, N x classes x H x W; --output-name takes a value within it")
      }
      outputs[output.name] = tensor
    }
    return outputs
  }

  private static func compute(_ node: Node, opset: Int, values: [String: TensorValue]) throws(RoadError)
    -> [TensorValue]
  {
    var arguments: [TensorValue?] = []
    for name in node.inputs {
      if name.isEmpty {
        arguments.append(nil)
      } else if let value = values[name] {
        arguments.append(value)
      } else {
        throw RoadError(.model, "node '\(node.name)': its input '\(name)' is not computed before it")
      }
    }
    guard let compute = OperatorCatalogue[node.operation]?.evaluation else {
      preconditionFailure("operator \(node.operation) passed the check of init")
    }
    return try compute(OperatorCall(node: node, opset: opset, arguments: arguments))
  }

  private static func lastUses(in graph: ModelGraph) -> [[String]] {
    var last: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for name in node.inputs + node.outputs where !name.isEmpty && graph.initializers[name] == nil {
        last[name] = index
      }
    }
    var uses = [[String]](repeating: [], count: graph.nodes.count)
    for (name, index) in last { uses[index].append(name) }
    return uses
  }
}

extension String {
  /// ONNX's own operator set goes by two names.
  fileprivate var isStandard: Bool { isEmpty || self == "ai.onnx" }
}
