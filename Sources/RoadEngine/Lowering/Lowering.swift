import RoadBase
import RoadKernelContract
import RoadModel

/// From a QDQ graph to a network of integers: recognises dequantize → operator → quantize and keeps only the integers.
///
/// Every node that cannot be lowered is collected with its reason; one ``RoadError`` lists them all, before anything
/// runs.
struct Lowering {
  let graph: ModelGraph
  let index: GraphIndex
  var network = LoweredNetwork()
  /// Shapes of the graph's values and everything that follows from constants, as far as they can be known.
  let types: GraphTypes
  var values: [String: Value] = [:]
  var problems: [String] = []
  /// Tensors that have the name of a QuantizeLinear's output.
  private var named: Set<TensorID> = []

  init(graph: ModelGraph, types: GraphTypes, rounding: RoundingContract) {
    network.rounding = rounding
    self.graph = graph
    index = GraphIndex(graph)
    self.types = types
    for (name, data) in types.constants.merging(graph.initializers, uniquingKeysWith: { $1 }) {
      values[name] = .constant(ConstantTensor(name: name, data: data))
    }
  }

  /// Shape arithmetic and other nodes whose results are constants. Quantized constants keep their scales: their nodes
  /// are lowered.
  func isFolded(_ node: Node) -> Bool {
    !["QuantizeLinear", "DequantizeLinear"].contains(node.operation)
      && node.outputs.allSatisfy { $0.isEmpty || types.constants[$0] != nil }
  }

  func readsUnknown(_ node: Node) -> Bool {
    node.inputs.contains {
      if case .unknown = values[$0] { true } else { false }
    }
  }

  /// - Parameter exportedSize: the model's own size where it is run at another.
  func reportProblems(exportedSize: PictureSize?) throws(RoadError) {
    guard let first = problems.first else { return }
    let all = problems.joined(separator: "; ")
    let cause = problems.count == 1 ? first : "\(problems.count) nodes cannot run: " + all
    let plain = "use a model quantized to 8 bits (QuantizeLinear/DequantizeLinear) with supported operators"
    let sized = exportedSize.map {
      "the model was exported for \($0): run it at that size, or export it with a free size"
    }
    throw RoadError(.model, cause, remedy: sized ?? plain)
  }
}

extension Lowering {
  mutating func addInput(size: PictureSize?) throws(RoadError) {
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
      throw RoadError(
        .model, "input '\(input.name)' has no fixed size",
        remedy: "name the size to run at (--input-size WxH)")
    }
    guard (1...16384).contains(height), (1...16384).contains(width) else {
      throw RoadError(.model, "input '\(input.name)' is \(width)x\(height) pixels", remedy: "sides are 1 to 16384")
    }
    network.input = 0
    network.tensors = [
      LoweredTensor(
        name: input.name, height: height, width: width, channels: 3,
        format: TensorFormat(Quantization(scale: 1, zeroPoint: 0)), pixelPitch: 4)
    ]
    switch input.elementType {
    case .float: values[input.name] = .real(RealView(view: network.canonicalView(of: 0)))
    case .uint8: values[input.name] = .quantized(network.canonicalView(of: 0))
    default: throw RoadError(.model, "input '\(input.name)' holds \(input.elementType), not pixels")
    }
  }

  /// Scores must be NCHW bytes; a table or a move brings them there where the last operators left them otherwise.
  mutating func setOutput() throws(RoadError) {
    guard let output = graph.outputs.first else { throw RoadError(.model, "the model has no output") }
    func unusable(_ reason: String) -> RoadError {
      RoadError(
        .model, "output '\(output.name)' \(reason)", remedy: "quantize it (QuantizeLinear, DequantizeLinear)")
    }
    var view: ElementView
    switch values[output.name] {
    case .quantized(let integers): view = scores(RealView(view: integers), output.name)
    case .real(let real):
      if let scores = int16Scores(real, output.name) {
        network.output = scores
        return
      }
      view = scores(real, output.name)
    case .pending(let layer):
      if let scores = try network.emitScores(layer) {
        network.output = scores
        return
      }
      guard try layer.range(in: network) != nil else { throw unusable("is not quantized") }
      view = try network.settled(layer)
    case .none: throw RoadError(.model, "no node makes the output '\(output.name)'")
    default: throw unusable("is not quantized")
    }
    // Scores without the batch axis.
    if view.shape.count == 3, let four = view.elements.reshaped([1] + view.shape) { view.elements = four }
    guard view.shape.count == 4, view.shape[0] == 1 else { throw unusable("has shape \(view.shape), not 1xCxHxW") }
    network.output = network.plane(of: view)
    guard network.output != network.input else {
      throw RoadError(.model, "output '\(output.name)' is the input itself")
    }
  }
}

extension Lowering {
  /// Of a picture of 16 bits and several classes; nil for others.
  private mutating func int16Scores(_ real: RealView, _ name: String) -> TensorID? {
    let source = tensor(real.tensor)
    guard source.element == .int16, source.channels > 1,
      real.view.elements.isSame(as: network.canonicalView(of: real.tensor).elements)
    else { return nil }
    network.roundsUpsampledScores = false
    var scores = real.tensor
    if real.dequantized != nil {
      let format = real.spanningFormat(in: source).int16
      scores = network.convert(real, to: format, name: "\(name)/int16", output: "\(name)/int16").tensor
    }
    return network.int15Scores(of: scores, name: name)
  }

  /// As bytes; those of 16 bits are coarser than what the graph would round to.
  private mutating func scores(_ view: RealView, _ name: String) -> ElementView {
    if tensor(view.tensor).element == .int16 { network.roundsUpsampledScores = false }
    return network.settled(view, name: name)
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

  mutating func set(_ value: Value, outputOf node: Node) {
    if let name = node.outputs.first { values[name] = value }
  }

  mutating func set(_ value: Value, output index: Int, of node: Node) {
    if node.outputs.indices.contains(index) { values[node.outputs[index]] = value }
  }

  func tensor(_ id: TensorID) -> LoweredTensor { network.tensors[id] }

  /// Names a tensor as the graph names its bytes; the first QuantizeLinear that they leave by counts.
  mutating func name(_ id: TensorID, _ name: String) {
    if named.insert(id).inserted { network.tensors[id].name = name }
  }
}

extension ModelGraph {
  /// With the size of the picture that it will run on.
  func bindingPicture(to size: PictureSize?) -> ModelGraph {
    var graph = self
    for index in inputs.indices where inputs[index].shape.count == 4 {
      let shape = inputs[index].shape
      graph.inputs[index].shape = [shape[0] ?? 1, shape[1] ?? 3, size?.height ?? shape[2], size?.width ?? shape[3]]
    }
    return graph
  }
}

/// How one kind of ONNX node is lowered.
protocol OperatorRule: Sendable {
  /// Sets the node's output value, or throws an error whose cause completes "node 'x' (Conv): ...".
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError)
}
