import RoadBase

/// The new nodes and constants, with names that nothing else in the graph has.
struct DecompositionWriter {
  let types: GraphTypes
  let opset: Int
  var nodes: [Node] = []
  var initializers: [String: TensorData]
  /// Truths, 0 or 1, that are numbers now.
  var truths: Set<String> = []
  /// What DequantizeLinear makes of constants.
  var quantized: [String: QuantizedConstant] = [:]
  private(set) var hasChanged = false
  private var taken: Set<String>

  init(graph: ModelGraph, types: GraphTypes) {
    self.types = types
    opset = graph.opset
    initializers = graph.initializers
    taken = Set(graph.nodes.flatMap(\.outputs)).union(graph.initializers.keys).union(graph.inputs.map(\.name))
  }

  /// A float constant input; nil for everything else.
  func floats(_ node: Node, _ index: Int) -> TensorData? {
    guard let data = node.input(index).flatMap({ initializers[$0] }), data.elementType == .float else { return nil }
    return data
  }

  mutating func name(_ node: Node, _ part: String) -> String {
    var name = "\(node.outputs[0])/\(part)"
    while !taken.insert(name).inserted { name += "_" }
    return name
  }

  mutating func constant(_ node: Node, _ part: String, _ data: TensorData) -> String {
    let name = name(node, part)
    initializers[name] = data
    return name
  }

  mutating func append(
    _ node: Node, _ operation: String, _ inputs: [String], to output: String, _ attributes: [String: Attribute] = [:]
  ) {
    replace(with: Node(name: output, operation: operation, inputs: inputs, outputs: [output], attributes: attributes))
  }

  /// One node whose result only the replacement reads.
  ///
  /// - Returns: the result's name.
  mutating func step(_ node: Node, _ operation: String, _ inputs: String...) -> String {
    let output = name(node, operation.lowercased())
    append(node, operation, inputs, to: output)
    return output
  }

  mutating func replace(with node: Node) {
    hasChanged = true
    nodes.append(node)
  }

  /// `((a ∘ b) ∘ c) ∘ …`, or the one input there is.
  mutating func chain(_ node: Node, _ operation: String, from first: String, to result: String) {
    guard node.inputs.count > 1 else { return append(node, "Identity", [first], to: result) }
    var value = first
    for (index, next) in node.inputs.enumerated().dropFirst() {
      let output = index == node.inputs.count - 1 ? result : name(node, "first\(index + 1)")
      append(node, operation, [value, next], to: output)
      value = output
    }
  }

  /// A ReduceSum, axes as the node has them, of a function of its input.
  mutating func sum(_ node: Node, of operation: String, _ inputs: [String]) -> Bool {
    let terms = name(node, "terms")
    append(node, operation, inputs, to: terms)
    var sum = node
    sum.operation = "ReduceSum"
    sum.inputs[0] = terms
    // From opset 13 on, ReduceSum has its axes as an input, the others from 18 on.
    takeAxes(of: &sum, from: 13)
    replace(with: sum)
    return true
  }

  /// Gives a reduction its axes as an input where the graph's operator set has come so far.
  mutating func takeAxes(of reduction: inout Node, from first: Int) {
    guard opset >= first, reduction.inputs.count == 1, case .integers(let axes)? = reduction.attributes["axes"] else {
      return
    }
    reduction.attributes["axes"] = nil
    reduction.inputs.append(constant(reduction, "axes", TensorData(integers: axes, shape: [axes.count])))
  }

  /// - Parameter part: the name of the constant that holds the shape.
  mutating func reshape(_ node: Node, _ part: String, _ input: String, _ shape: [Int], to output: String) {
    append(
      node, "Reshape", [input, constant(node, part, TensorData(integers: shape, shape: [shape.count]))], to: output)
  }

  /// A value in another shape, of equal count; a constant stays one.
  ///
  /// - Returns: its name.
  mutating func reshaped(_ node: Node, _ part: String, _ input: String, _ shape: [Int]) -> String {
    if let data = initializers[input] { return constant(node, part, data.reshaped(shape)) }
    let output = name(node, part)
    reshape(node, "\(part)/shape", input, shape, to: output)
    return output
  }
}
