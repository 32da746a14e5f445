import RoadBase
import RoadModel

/// Writes QuantizeLinear/DequantizeLinear pairs into a graph: the int8 format that ONNX Runtime and Netron open.
struct QDQGraphBuilder {
  private var graph: ModelGraph
  private let scheme: QuantizationScheme
  private let quantizations: [String: Quantization]
  /// Tensors that get 16 bits over the same range.
  private let wide: Set<String>

  init(
    graph: ModelGraph, scheme: QuantizationScheme, quantizations: [String: Quantization], wide: Set<String> = []
  ) {
    self.wide = wide
    self.graph = graph
    self.graph.producer = ModelGraph.ownProducer
    self.scheme = scheme
    self.quantizations = quantizations
  }

  /// Replaces the weights of node `index` by int8 and its bias by int32 at `input scale · weight scale`. A bias beyond
  /// 32 bits, which a 16-bit input can have, stays float.
  mutating func setWeights(
    ofNode index: Int, _ weights: QuantizedWeights, axis: Int, bias: [Float], inputQuantization: Quantization
  ) {
    let node = graph.nodes[index]
    let isWide = wide.contains(node.inputs[0])
    let inputScale = isWide ? Int16Quantization(refining: inputQuantization).scale : inputQuantization.scale
    let name = uniqueName(node.inputs[1], node: index)
    add("\(name)_quantized", .int8, weights.shape, weights.values.map { UInt8(bitPattern: $0) })
    addFloats("\(name)_scale", weights.scales)
    add("\(name)_zero_point", .int8, [weights.scales.count], [UInt8](repeating: 0, count: weights.scales.count))
    let scales = (0..<bias.count).map { inputScale * weights.scales[$0 % weights.scales.count] }
    let hasBias = node.inputs.count > 2 && !node.inputs[2].isEmpty
    let biasName = uniqueName(hasBias ? node.inputs[2] : "\(name)_bias", node: index)
    // A bias of 0 has 0 units even where tiny weights leave a scale of 0.
    let units = zip(bias, scales).map { $0 == 0 ? 0 : ($0 / $1).rounded(.toNearestOrEven) }
    pending.append(dequantize(name, axis: axis, zeroPoint: true))
    if isWide, units.contains(where: { abs($0) > Self.largestBias }) {
      addFloats("\(biasName)_corrected", bias)
      graph.nodes[index].inputs = [node.inputs[0], "\(name)_dequantized", "\(biasName)_corrected"]
      return
    }
    let integers = units.map { Int32(min(max($0, -Self.largestBias), Self.largestBias)) }
    add(
      "\(biasName)_quantized", .int32, [bias.count],
      integers.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) })
    addFloats("\(biasName)_scale", scales)
    graph.nodes[index].inputs = [node.inputs[0], "\(name)_dequantized", "\(biasName)_dequantized"]
    pending.append(dequantize(biasName, axis: 0, zeroPoint: false))
  }

  private static let largestBias: Float = 1e9

  private var taken: Set<String> = []

  /// Two nodes that share weights have inputs of different scales: each gets weights and biases of its own.
  private mutating func uniqueName(_ name: String, node index: Int) -> String {
    if taken.insert(name).inserted { return name }
    taken.insert("\(name)_\(index)")
    return "\(name)_\(index)"
  }

  /// Weight nodes, which go first: they depend on constants only.
  private var pending: [Node] = []

  mutating func build() -> ModelGraph {
    var nodes: [Node] = []
    var readers: [String: String] = [:]
    for input in graph.inputs { appendPair(input.name, to: &nodes, &readers) }
    for var node in graph.nodes {
      node.inputs = node.inputs.map { readers[$0] ?? $0 }
      let outputs = node.outputs
      node.outputs = outputs.map { quantizations[$0] != nil && isGraphOutput($0) ? "\($0)_float" : $0 }
      nodes.append(node)
      for output in outputs { appendPair(output, to: &nodes, &readers) }
    }
    graph.nodes = pending + nodes
    let used = Set(graph.nodes.flatMap(\.inputs))
    graph.initializers = graph.initializers.filter { used.contains($0.key) }
    return graph
  }

  private func isGraphOutput(_ name: String) -> Bool { graph.outputs.contains { $0.name == name } }

  /// Q and DQ right behind the tensor; whoever read it reads the DQ from now on.
  private mutating func appendPair(_ name: String, to nodes: inout [Node], _ readers: inout [String: String]) {
    guard let quantization = quantizations[name] else { return }
    if wide.contains(name) {
      // 257·z: both bytes are the byte's zero-point.
      addFloats("\(name)_scale", [Int16Quantization(refining: quantization).scale], scalar: true)
      add("\(name)_zero_point", .uint16, [], [quantization.zeroPoint, quantization.zeroPoint])
    } else {
      addFloats("\(name)_scale", [quantization.scale], scalar: true)
      add("\(name)_zero_point", .uint8, [], [quantization.zeroPoint])
    }
    let isOutput = isGraphOutput(name)
    let source = isOutput ? "\(name)_float" : name
    let result = isOutput ? name : "\(name)_dequantized"
    nodes.append(
      Node(
        name: "\(name)_quantize", operation: "QuantizeLinear", inputs: [source, "\(name)_scale", "\(name)_zero_point"],
        outputs: ["\(name)_quantized"]))
    nodes.append(
      Node(
        name: "\(name)_dequantize", operation: "DequantizeLinear",
        inputs: ["\(name)_quantized", "\(name)_scale", "\(name)_zero_point"], outputs: [result]))
    readers[name] = result
  }

  private func dequantize(_ name: String, axis: Int, zeroPoint: Bool) -> Node {
    Node(
      name: "\(name)_dequantize", operation: "DequantizeLinear",
      inputs: ["\(name)_quantized", "\(name)_scale"] + (zeroPoint ? ["\(name)_zero_point"] : []),
      outputs: ["\(name)_dequantized"], attributes: ["axis": .integer(axis)])
  }

  private mutating func add(_ name: String, _ type: ElementType, _ shape: [Int], _ bytes: [UInt8]) {
    graph.initializers[name] = TensorData(elementType: type, shape: shape, bytes: bytes)
  }

  private mutating func addFloats(_ name: String, _ values: [Float], scalar: Bool = false) {
    let bytes = values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
    add(name, .float, scalar ? [] : [values.count], bytes)
  }
}
