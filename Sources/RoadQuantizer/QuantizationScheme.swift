import RoadBase
import RoadModel

/// Which tensors of a float graph become bytes, and which of them share one scale.
///
/// The pattern is the one that integer engines fuse (ONNX Runtime's QDQ format): every activation that enters or leaves
/// a computing node is quantized once, right behind the node that makes it, except
/// - between a node and the ReLU or clip behind it, and between functions of one tensor that follow each other: they
///   are one table,
/// - in the normalisation at the head, which stays float and ends in the first QuantizeLinear,
/// - in the arithmetic on sampling grids, which the engine keeps in 16-bit fixed point, and
/// - for indices and classes, which are no numbers to round.
struct QuantizationScheme {
  /// Tensors to quantize, in graph order.
  let tensors: [String]
  /// Tensors that keep another tensor's bytes: resizes, pools, views. Key: the result, value: where its scale comes
  /// from.
  let sharedWith: [String: String]
  /// Tensors whose range follows from the function that makes them.
  let fixed: [String: Quantization]
  /// Ranges not to be clipped: of the normalised input, which is that of a byte, and of shares (Softmax), whose few
  /// largest are what counts.
  let unclipped: Set<String>
  /// Convolutions with weights and bias to quantize, by node index.
  let convolutions: [Int]

  init(_ graph: ModelGraph) {
    let view = DataFlow(graph)
    let exempt = Self.samplingGrids(in: graph, view)
    var head = Set(graph.inputs.map(\.name)).subtracting(graph.initializers.keys)
    var wanted: Set<String> = []
    var (shared, fixed): ([String: String], [String: Quantization]) = ([:], [:])
    var convolutions: [Int] = []
    for (index, node) in graph.nodes.enumerated() {
      let inputs = node.inputs.filter(view.data.contains)
      guard !inputs.isEmpty, node.operation != "Shape" else { continue }
      if OperatorCatalogue.has(node.operation, .normalisation), inputs.count == 1, head.contains(inputs[0]) {
        head.formUnion(node.outputs)
        continue
      }
      let touched = inputs + node.outputs.filter { !$0.isEmpty && view.data.contains($0) }
      wanted.formUnion(touched.filter { !exempt.contains($0) && !Self.isFusedAway($0, graph, view) })
      if Self.keepsScale(node) {
        for output in node.outputs where !output.isEmpty { shared[output] = inputs[0] }
      }
      if let range = OperatorCatalogue[node.operation]?.range, let output = node.outputs.first { fixed[output] = range }
      if OperatorCatalogue.has(node.operation, .weighted) { convolutions.append(index) }
    }
    let order = graph.inputs.map(\.name) + graph.nodes.flatMap(\.outputs)
    tensors = order.filter(wanted.contains)
    sharedWith = shared.filter { wanted.contains($0.key) && wanted.contains($0.value) }
    self.fixed = fixed
    let shares = graph.nodes.filter { $0.operation == "Softmax" }.flatMap(\.outputs)
    unclipped = head.union(shares).intersection(wanted)
    self.convolutions = convolutions
  }

  /// Whether the tensor lies between a computing node and the one activation behind it, or between two functions of one
  /// tensor.
  private static func isFusedAway(_ tensor: String, _ graph: ModelGraph, _ view: DataFlow) -> Bool {
    guard let readers = view.consumers[tensor], readers.count == 1, !view.outputs.contains(tensor),
      let producer = view.producers[tensor]
    else { return false }
    let (next, last) = (graph.nodes[readers[0]], graph.nodes[producer])
    if OperatorCatalogue.has(next.operation, .activation), OperatorCatalogue.has(last.operation, .takesActivation) {
      return true
    }
    return isFunction(next, view) && isFunction(last, view) && !isPartOfProducer(last, graph, view)
  }

  /// Whether a node is an activation that the one before it computes: what follows has no bytes to look up.
  private static func isPartOfProducer(_ node: Node, _ graph: ModelGraph, _ view: DataFlow) -> Bool {
    guard OperatorCatalogue.has(node.operation, .activation), let producer = view.producers[node.inputs[0]],
      view.consumers[node.inputs[0]]?.count == 1, !view.outputs.contains(node.inputs[0])
    else { return false }
    return OperatorCatalogue.has(graph.nodes[producer].operation, .takesActivation)
      && !isFunction(graph.nodes[producer], view)
  }

  /// Cubics overshoot, and what a region of interest leaves open is none of the numbers read.
  private static func keepsScale(_ node: Node) -> Bool {
    let mode = node.attributes["mode"]
    return OperatorCatalogue.has(node.operation, .keepsScale) && mode != .string("cubic") && mode != .string("bicubic")
      && node.attributes["coordinate_transformation_mode"] != .string("tf_crop_and_resize")
  }

  private static func isFunction(_ node: Node, _ view: DataFlow) -> Bool {
    if OperatorCatalogue.has(node.operation, .function) { return true }
    guard OperatorCatalogue.has(node.operation, .arithmetic), node.inputs.filter(view.data.contains).count == 1,
      let constant = node.inputs.first(where: { !view.data.contains($0) })
    else { return false }
    return view.constantCounts[constant] == 1
  }

  /// The values between what the network computes of a sampling grid and the GridSample that reads it.
  private static func samplingGrids(in graph: ModelGraph, _ view: DataFlow) -> Set<String> {
    var exempt: Set<String> = []
    for node in graph.nodes where node.operation == "GridSample" && node.inputs.count > 1 {
      var name = node.inputs[1]
      while let producer = view.producers[name] {
        let node = graph.nodes[producer]
        let inputs = node.inputs.filter(view.data.contains)
        let isArithmetic = OperatorCatalogue.has(node.operation, .arithmetic) && inputs.count == 1
        guard isArithmetic || ["Transpose", "Reshape", "Squeeze", "Unsqueeze"].contains(node.operation),
          view.consumers[name]?.count == 1
        else { break }
        exempt.insert(name)
        name = inputs[0]
      }
    }
    return exempt
  }
}

/// Who makes and who reads which tensor, and which tensors are numbers that depend on the picture.
private struct DataFlow {
  let data: Set<String>
  let consumers: [String: [Int]]
  let producers: [String: Int]
  let outputs: Set<String>
  /// Elements of the constants.
  let constantCounts: [String: Int]

  init(_ graph: ModelGraph) {
    var data = Set(graph.inputs.map(\.name)).subtracting(graph.initializers.keys)
    var (consumers, producers): ([String: [Int]], [String: Int]) = ([:], [:])
    for (index, node) in graph.nodes.enumerated() {
      for input in Set(node.inputs) where !input.isEmpty { consumers[input, default: []].append(index) }
      for output in node.outputs where !output.isEmpty { producers[output] = index }
      guard node.operation != "Shape", node.operation != "ArgMax", node.inputs.contains(where: data.contains) else {
        continue
      }
      // The second output of a MaxPool are indices.
      data.formUnion(node.operation == "MaxPool" ? Array(node.outputs.prefix(1)) : node.outputs)
    }
    self.data = data
    self.consumers = consumers
    self.producers = producers
    outputs = Set(graph.outputs.map(\.name))
    constantCounts = graph.initializers.mapValues(\.count)
  }
}
