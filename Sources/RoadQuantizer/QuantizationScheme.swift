import RoadBase
import RoadModel

/// Which tensors of a float graph become bytes, and which of them share one scale.
///
/// The pattern is the one that integer engines fuse (ONNX Runtime's QDQ format): every activation that enters or leaves a
/// computing node is quantized once, right behind the node that makes it, except between a node and the ReLU or clip
/// behind it, and except in the normalisation at the head, which stays float and ends in the first QuantizeLinear.
struct QuantizationScheme {
  /// Tensors to quantize, in graph order.
  let tensors: [String]
  /// Tensors that keep another tensor's bytes: resizes, pools, views. Key: the result, value: where its scale comes from.
  let sharedWith: [String: String]
  /// The normalised input, whose range is that of a byte and not to be clipped.
  let headTensors: Set<String>
  /// Convolutions with weights and bias to quantize, by node index.
  let convolutions: [Int]

  static let activations: Set = ["Relu", "Clip"]
  private static let headOperations: Set = ["Sub", "Div", "Mul", "Add", "Identity", "Cast"]
  private static let scaleKeepers: Set = [
    "Resize", "MaxPool", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice",
  ]
  private static let weighted: Set = ["Conv", "ConvTranspose"]

  init(_ graph: ModelGraph) {
    let data = Self.dataTensors(in: graph)
    let consumers = Self.consumers(in: graph)
    var head = Set(graph.inputs.map(\.name)).subtracting(graph.initializers.keys)
    var wanted: Set<String> = []
    var shared: [String: String] = [:]
    var convolutions: [Int] = []
    for (index, node) in graph.nodes.enumerated() {
      let inputs = node.inputs.filter(data.contains)
      guard !inputs.isEmpty, node.operation != "Shape" else { continue }
      if Self.headOperations.contains(node.operation), inputs.count == 1, head.contains(inputs[0]) {
        head.formUnion(node.outputs)
        continue
      }
      wanted.formUnion(inputs.filter { !Self.isFusedAway($0, graph, consumers) })
      for output in node.outputs where !output.isEmpty && !Self.isFusedAway(output, graph, consumers) {
        wanted.insert(output)
      }
      if Self.scaleKeepers.contains(node.operation), let output = node.outputs.first { shared[output] = inputs[0] }
      if Self.weighted.contains(node.operation) { convolutions.append(index) }
    }
    let order = graph.inputs.map(\.name) + graph.nodes.flatMap(\.outputs)
    tensors = order.filter(wanted.contains)
    sharedWith = shared.filter { wanted.contains($0.key) && wanted.contains($0.value) }
    headTensors = head.intersection(wanted)
    self.convolutions = convolutions
  }

  /// Tensors that depend on the graph's input by value, not only by shape.
  private static func dataTensors(in graph: ModelGraph) -> Set<String> {
    var data = Set(graph.inputs.map(\.name)).subtracting(graph.initializers.keys)
    for node in graph.nodes where node.operation != "Shape" && node.inputs.contains(where: data.contains) {
      data.formUnion(node.outputs)
    }
    return data
  }

  private static func consumers(in graph: ModelGraph) -> [String: [Node]] {
    var consumers: [String: [Node]] = [:]
    for node in graph.nodes {
      for input in Set(node.inputs) where !input.isEmpty { consumers[input, default: []].append(node) }
    }
    return consumers
  }

  /// Whether the tensor lies between a computing node and the one activation behind it.
  private static func isFusedAway(_ tensor: String, _ graph: ModelGraph, _ consumers: [String: [Node]]) -> Bool {
    guard let readers = consumers[tensor], readers.count == 1, activations.contains(readers[0].operation),
      !graph.outputs.contains(where: { $0.name == tensor }),
      let producer = graph.nodes.first(where: { $0.outputs.contains(tensor) })
    else { return false }
    return ["Conv", "ConvTranspose", "Add", "Sub", "Mul"].contains(producer.operation)
  }
}
