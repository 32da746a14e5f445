import RoadBase
import RoadKernelContract
import RoadModel

/// From a QDQ graph to a network of integers: recognises dequantize → operator → quantize and keeps only the integers.
///
/// Every node that cannot be lowered is collected with its reason; one ``RoadError`` lists them all, before anything runs.
struct Lowering {
  let graph: ModelGraph
  var network = LoweredNetwork()
  private var values: [String: Value] = [:]
  private var problems: [String] = []

  /// - Parameter inputSize: replaces the size that the model's input names; needed where it names none.
  static func lower(_ graph: ModelGraph, inputSize: PictureSize?) throws(RoadError) -> LoweredNetwork {
    var lowering = Lowering(graph: graph)
    try lowering.addInput(size: inputSize)
    for node in graph.nodes { lowering.lower(node) }
    try lowering.reportProblems()
    try lowering.setOutput()
    lowering.network.removeUnreadLayers()
    return lowering.network
  }

  private init(graph: ModelGraph) {
    self.graph = graph
    for (name, data) in graph.initializers {
      values[name] = .constant(ConstantTensor(name: name, data: data))
    }
  }

  private mutating func lower(_ node: Node) {
    do throws(RoadError) {
      guard node.domain.isEmpty || node.domain == "ai.onnx", let rule = operatorRules[node.operation] else {
        let domain = node.domain.isEmpty ? "" : "\(node.domain)."
        throw RoadError(.model, "operator \(domain)\(node.operation) is not supported")
      }
      guard !readsUnknown(node) else {
        for output in node.outputs { values[output] = .unknown }
        return
      }
      try rule.lower(node, &self)
    } catch {
      let cause = error.cause.hasPrefix(node.label) ? error.cause : "\(node.label): \(error.cause)"
      problems.append(cause)
      for output in node.outputs { values[output] = .unknown }
    }
  }

  private func readsUnknown(_ node: Node) -> Bool {
    node.inputs.contains {
      if case .unknown = values[$0] { true } else { false }
    }
  }

  private func reportProblems() throws(RoadError) {
    guard let first = problems.first else { return }
    let rest = problems.dropFirst()
    let cause = rest.isEmpty ? first : "\(problems.count) nodes cannot run: " + problems.joined(separator: "; ")
    throw RoadError(
      .model, cause,
      remedy: "use a model quantized to 8 bits (QuantizeLinear/DequantizeLinear) with supported operators")
  }
}

extension Lowering {
  private mutating func addInput(size: PictureSize?) throws(RoadError) {
    let inputs = graph.inputs.filter { graph.initializers[$0.name] == nil }
    guard inputs.count == 1, let input = inputs.first else {
      throw RoadError(.model, "the model has \(inputs.count) inputs, not one picture")
    }
    let shape = input.shape
    guard shape.count == 4, shape[0] ?? 1 == 1, shape[1] ?? 3 == 3 else {
      let text = shape.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
      throw RoadError(.model, "input '\(input.name)' has shape \(text), not 1x3xHxW")
    }
    guard let height = size?.height ?? shape[2], let width = size?.width ?? shape[3] else {
      throw RoadError(.model, "input '\(input.name)' has no fixed size", remedy: "name the size to run at")
    }
    guard (1...16384).contains(height), (1...16384).contains(width) else {
      throw RoadError(.model, "input '\(input.name)' is \(width)x\(height) pixels", remedy: "sides are 1 to 16384")
    }
    network.input = 0
    network.tensors = [
      LoweredTensor(
        name: input.name, height: height, width: width, channels: 3,
        quantization: Quantization(scale: 1, zeroPoint: 0), pixelPitch: 4)
    ]
    switch input.elementType {
    case .float: values[input.name] = .real(RealView(tensor: 0))
    case .uint8: values[input.name] = .bytes(0)
    default: throw RoadError(.model, "input '\(input.name)' holds \(input.elementType), not pixels")
    }
  }

  private mutating func setOutput() throws(RoadError) {
    guard let output = graph.outputs.first else { throw RoadError(.model, "the model has no output") }
    switch values[output.name] {
    case .bytes(let tensor): network.output = tensor
    case .real(let view) where view.levels == nil: network.output = view.tensor
    case .none:
      throw RoadError(.model, "no node makes the output '\(output.name)'")
    default:
      throw RoadError(
        .model, "output '\(output.name)' is not quantized", remedy: "quantize it (QuantizeLinear, DequantizeLinear)")
    }
    guard network.output != network.input else {
      throw RoadError(.model, "output '\(output.name)' is the input itself")
    }
  }
}

// What rules ask and tell.
extension Lowering {
  /// Nil for an omitted optional input.
  func input(_ index: Int, of node: Node) throws(RoadError) -> Value? {
    guard index < node.inputs.count, !node.inputs[index].isEmpty else { return nil }
    guard let value = values[node.inputs[index]] else {
      throw RoadError(.model, "nothing makes its input '\(node.inputs[index])'")
    }
    return value
  }

  func required(_ index: Int, of node: Node) throws(RoadError) -> Value {
    guard let value = try input(index, of: node) else { throw RoadError(.model, "input \(index) is missing") }
    return value
  }

  /// A constant input; nil if omitted.
  func constant(_ index: Int, of node: Node) throws(RoadError) -> ConstantTensor? {
    switch try input(index, of: node) {
    case .none: return nil
    case .constant(let constant): return constant
    default: throw RoadError(.model, "input '\(node.inputs[index])' is not a constant")
    }
  }

  /// An activation that comes straight from a DequantizeLinear.
  func activation(_ index: Int, of node: Node) throws(RoadError) -> TensorID {
    switch try required(index, of: node) {
    case .real(let view) where view.levels == nil && view.tensor != network.input: return view.tensor
    case .constant: throw RoadError(.model, "input '\(node.inputs[index])' is a constant")
    default:
      throw RoadError(.model, "input '\(node.inputs[index])' is not quantized")
    }
  }

  mutating func set(_ value: Value, outputOf node: Node) {
    if let name = node.outputs.first { values[name] = value }
  }

  mutating func append(_ layer: any Layer) { network.layers.append(layer) }

  mutating func addTensor(_ name: String, _ shape: PlaneShape, _ quantization: Quantization) -> TensorID {
    network.addTensor(name, like: shape, quantization: quantization)
  }

  func tensor(_ id: TensorID) -> LoweredTensor { network.tensors[id] }
}

extension ModelGraph {
  /// With the arithmetic on shapes, which exporters leave behind for dynamic sizes, folded into constants.
  ///
  /// A graph that cannot be folded is returned as it is: lowering then says what is wrong with which node.
  func withoutShapeArithmetic(inputSize size: PictureSize?) -> ModelGraph {
    guard nodes.contains(where: { operatorRules[$0.operation] == nil }) else { return self }
    var graph = self
    for index in inputs.indices where inputs[index].shape.count == 4 {
      let shape = inputs[index].shape
      graph.inputs[index].shape = [shape[0] ?? 1, shape[1] ?? 3, size?.height ?? shape[2], size?.width ?? shape[3]]
    }
    do throws(RoadError) {
      return try graph.foldingConstants().removingIdentities()
    } catch {
      return self
    }
  }
}

/// How one kind of ONNX node is lowered.
protocol OperatorRule: Sendable {
  /// Sets the node's output value, or throws an error whose cause completes "node 'x' (Conv): ...".
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError)
}

/// Channels rounded up to the block that kernels work in.
func paddedChannels(_ channels: Int) -> Int {
  (channels + TensorView.channelBlock - 1) / TensorView.channelBlock * TensorView.channelBlock
}
