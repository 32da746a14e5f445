import RoadBase

extension ModelGraph {
  /// The operator set that quantized models need: DequantizeLinear has a scale for each channel from 13 on.
  public static let quantizedOpset = 13

  /// The same graph in operator set 13 where it was in 11 or 12: what were attributes (axes of Squeeze, Unsqueeze and
  /// ReduceSum, the sizes of Split) become inputs, and a Softmax over all axes from the named one on gets them as one
  /// axis.
  public func upgraded() -> ModelGraph {
    guard opset < Self.quantizedOpset else { return self }
    let types = inferringTypes().known
    var graph = self
    graph.opset = Self.quantizedOpset
    graph.nodes = []
    for node in nodes {
      switch node.operation {
      case "Squeeze", "Unsqueeze", "ReduceSum": graph.append(node, withInputFrom: "axes")
      case "Split": graph.append(node, withInputFrom: "split")
      case "Softmax", "LogSoftmax": graph.appendSoftmax(node, shape: types.types[node.inputs[0]]?.shape)
      default: graph.nodes.append(node)
      }
    }
    return graph
  }

  private mutating func append(_ node: Node, withInputFrom attribute: String) {
    var node = node
    if case .integers(let values)? = node.attributes[attribute], node.inputs.count == 1 {
      node.attributes[attribute] = nil
      node.inputs.append(constant("\(node.outputs[0])/\(attribute)", values))
    }
    nodes.append(node)
  }

  private mutating func appendSoftmax(_ node: Node, shape: [Int]?) {
    var node = node
    var axis = if case .integer(let given)? = node.attributes["axis"] { given } else { 1 }
    let output = node.outputs[0]
    if let shape, axis < 0 { axis += shape.count }
    guard let shape, shape.indices.contains(axis),
      shape[(axis + 1)...].contains(where: { $0 != 1 })
    else {
      node.attributes["axis"] = .integer(axis)
      return nodes.append(node)
    }
    let (rows, shares) = ("\(output)/rows", "\(output)/shares")
    nodes.append(
      Node(
        name: rows, operation: "Flatten", inputs: [node.inputs[0]], outputs: [rows],
        attributes: ["axis": .integer(axis)])
    )
    node.inputs[0] = rows
    node.outputs[0] = shares
    node.attributes["axis"] = .integer(-1)
    nodes.append(node)
    let target = constant("\(output)/shape", shape)
    nodes.append(Node(name: output, operation: "Reshape", inputs: [shares, target], outputs: [output]))
  }

  private mutating func constant(_ name: String, _ values: [Int]) -> String {
    initializers[name] = TensorData(integers: values, shape: [values.count])
    return name
  }
}
