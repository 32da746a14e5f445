import RoadBase

extension ModelGraph {
  /// What exporters write in several ways, in the one way that everything behind the reader knows: numbers of 32 bits
  /// where the model has halves, operator sets 9 and 10 as 11, a picture N x H x W x 3 as N x 3 x H x W.
  func inPlainForm() -> ModelGraph {
    computingInFloats().upgradedToInputs().takingPicturesInPlanes().withoutUnusedOutputs()
      .withQuantizedOperatorsAsPairs()
  }

  /// Halves become floats, which hold every one of them: values, weights and casts. As ONNX Runtime's CPU provider
  /// does.
  func computingInFloats() -> ModelGraph {
    let half = ElementType.float16
    let hasHalves =
      initializers.values.contains { $0.elementType == half }
      || (inputs + outputs).contains { $0.elementType == half }
      || nodes.contains {
        $0.attributes.values.contains(where: \.isHalf) || $0.attributes["to"] == .integer(half.rawValue)
      }
    guard hasHalves else { return self }
    var graph = self
    graph.initializers = initializers.mapValues(\.withoutHalves)
    for index in graph.inputs.indices where inputs[index].elementType == half {
      graph.inputs[index].elementType = .float
    }
    for index in graph.outputs.indices where outputs[index].elementType == half {
      graph.outputs[index].elementType = .float
    }
    for (index, node) in nodes.enumerated() {
      for (name, value) in node.attributes {
        switch value {
        case .tensor(let data): graph.nodes[index].attributes[name] = .tensor(data.withoutHalves)
        case .integer(half.rawValue) where name == "to" || name == "dtype":
          graph.nodes[index].attributes[name] = .integer(ElementType.float.rawValue)
        case .graph(let branch):
          graph.nodes[index].attributes[name] = .graph(Subgraph(branch.graph.computingInFloats()))
        default: break
        }
      }
    }
    return graph
  }

  /// Operator sets 9 and 10 as 11, in which the numbers of Clip, Pad and Slice are inputs, and Upsample is a Resize.
  func upgradedToInputs() -> ModelGraph {
    guard opset < 11 else { return self }
    var graph = self
    graph.opset = 11
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case "Upsample", "Resize": graph.makeResize(index)
      case "Clip": graph.moveToInputs(index, ["min", "max"])
      case "Pad": graph.moveToInputs(index, ["pads", "value"])
      case "Slice" where node.inputs.count == 1: graph.moveToInputs(index, ["starts", "ends", "axes"])
      default: break
      }
    }
    return graph
  }

  /// Until opset 10, sizes are input × scale and coordinates are divided by it, nearest ones cut off.
  private mutating func makeResize(_ index: Int) {
    let node = nodes[index]
    nodes[index].operation = "Resize"
    nodes[index].attributes["scales"] = nil
    var scales = node.input(1) ?? ""
    if case .floats(let values)? = node.attributes["scales"], scales.isEmpty {
      scales = addConstant("\(node.outputs[0])/scales", TensorData(floats: values, shape: [values.count]))
    }
    nodes[index].inputs = [node.inputs.first ?? "", "", scales]
    nodes[index].attributes["mode"] =
      node.attributes["mode"] == .string("bilinear") ? .string("linear") : node.attributes["mode"]
    nodes[index].attributes["coordinate_transformation_mode"] = .string("asymmetric")
    nodes[index].attributes["nearest_mode"] = .string("floor")
  }

  private mutating func moveToInputs(_ index: Int, _ names: [String]) {
    for (position, name) in names.enumerated() {
      guard let value = nodes[index].attributes.removeValue(forKey: name) else { continue }
      let data: TensorData
      switch value {
      case .integers(let values): data = TensorData(integers: values)
      case .float(let value): data = TensorData(floats: [value], shape: [])
      default: continue
      }
      while nodes[index].inputs.count <= position { nodes[index].inputs.append("") }
      nodes[index].inputs.append(addConstant("\(nodes[index].outputs[0])/\(name)", data))
    }
  }

  /// A picture input N x H x W x 3 (TensorFlow's order) as N x 3 x H x W, turned for the nodes that read it; of floats
  /// where integers are only moved and cast to them; with a batch axis where it has none.
  func takingPicturesInPlanes() -> ModelGraph {
    var graph = addingBatchAxis()
    let free = graph.inputs.indices.filter { initializers[inputs[$0].name] == nil }
    guard free.count == 1, graph.inputs[free[0]].shape.count == 4 else { return self }
    let (index, input) = (free[0], graph.inputs[free[0]])
    if Self.pixelTypes.contains(input.elementType), graph.onlyCasts(input.name) {
      graph.inputs[index].elementType = .float
    }
    guard input.shape[3] == 3, input.shape[1] != 3 else { return graph }
    let turned = unusedName("\(input.name)/rows")
    graph.inputs[index].shape = [0, 3, 1, 2].map { input.shape[$0] }
    for position in graph.nodes.indices {
      graph.nodes[position].inputs = graph.nodes[position].inputs.map { $0 == input.name ? turned : $0 }
    }
    graph.nodes.insert(
      Node(
        name: turned, operation: "Transpose", inputs: [input.name], outputs: [turned],
        attributes: ["perm": .integers([0, 2, 3, 1])]), at: 0)
    return graph
  }

  /// What pixels come as.
  private static let pixelTypes: Set<ElementType> = [.uint8, .int32, .int64]

  /// Whether whoever reads a value only moves it and then casts it.
  private func onlyCasts(_ name: String) -> Bool {
    let moves = ["Transpose", "Unsqueeze", "Squeeze", "Reshape", "Identity"]
    return !outputs.contains { $0.name == name }
      && nodes.allSatisfy { node in
        guard node.captured.contains(name), node.operation != "Cast" else { return true }
        return moves.contains(node.operation) && node.input(0) == name && node.outputs.allSatisfy(onlyCasts)
      }
  }

  /// A picture 3 x H x W or H x W x 3 as one of a batch.
  private func addingBatchAxis() -> ModelGraph {
    let free = inputs.indices.filter { initializers[inputs[$0].name] == nil }
    guard free.count == 1, inputs[free[0]].shape.count == 3,
      inputs[free[0]].shape[0] == 3 || inputs[free[0]].shape[2] == 3
    else { return self }
    var graph = self
    let input = inputs[free[0]].name
    let single = unusedName("\(input)/single")
    graph.inputs[free[0]].shape.insert(1, at: 0)
    graph.redirect(input, to: single)
    var squeeze = Node(name: single, operation: "Squeeze", inputs: [input], outputs: [single])
    if opset < 13 {
      squeeze.attributes["axes"] = .integers([0])
    } else {
      squeeze.inputs.append(graph.addConstant("\(input)/axes", TensorData(integers: [0])))
    }
    graph.nodes.insert(squeeze, at: 0)
    return graph
  }

  /// Optional outputs that nobody reads are not asked for.
  func withoutUnusedOutputs() -> ModelGraph {
    let read = Set(nodes.flatMap(\.captured)).union(outputs.map(\.name))
    var graph = self
    for (index, node) in nodes.enumerated() where node.outputs.count > 1 && node.operation != "Split" {
      var kept = node.outputs.enumerated().map { $0 == 0 || read.contains($1) ? $1 : "" }
      while kept.count > 1, kept.last == "" { kept.removeLast() }
      graph.nodes[index].outputs = kept
    }
    return graph
  }

  /// - Returns: the constant's name.
  mutating func addConstant(_ wish: String, _ data: TensorData) -> String {
    let name = unusedName(wish)
    initializers[name] = data
    return name
  }
}

extension Attribute {
  fileprivate var isHalf: Bool {
    switch self {
    case .tensor(let data): data.elementType == .float16
    case .graph: true
    default: false
    }
  }
}

extension TensorData {
  fileprivate var withoutHalves: TensorData {
    elementType == .float16 ? TensorData(floats: floats, shape: shape) : self
  }
}
