import RoadBase

extension ModelGraph {
  /// A convolution or pool over lines, N x C x W, as one over pictures of one row.
  @Sendable static func lines(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let shape = writer.types[node.inputs[0]]?.shape, shape.count == 3,
      let result = writer.types[node.outputs[0]]?.shape, result.count == 3, var picture = node.overPicturesOfOneRow
    else { return false }
    if let name = node.input(1) {
      guard let given = writer.types[name]?.shape, given.count == 3 else { return false }
      picture.inputs[1] = writer.reshaped(node, "weights", name, [given[0], given[1], 1, given[2]])
    }
    picture.inputs[0] = writer.reshaped(node, "row", node.inputs[0], [shape[0], shape[1], 1, shape[2]])
    picture.outputs[0] = writer.name(node, "picture")
    writer.replace(with: picture)
    writer.reshape(node, "shape", picture.outputs[0], result, to: node.outputs[0])
    return true
  }

  /// A product with a vector as one with a matrix of one row or column.
  @Sendable static func vectors(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 2, let left = writer.types[node.inputs[0]]?.shape,
      let right = writer.types[node.inputs[1]]?.shape, let result = writer.types[node.outputs[0]]?.shape,
      left.count == 1 || right.count == 1
    else { return false }
    var product = node
    if left.count == 1 { product.inputs[0] = writer.reshaped(node, "row", node.inputs[0], [1] + left) }
    if right.count == 1 { product.inputs[1] = writer.reshaped(node, "column", node.inputs[1], right + [1]) }
    product.outputs[0] = writer.name(node, "matrix")
    writer.replace(with: product)
    writer.reshape(node, "shape", product.outputs[0], result, to: node.outputs[0])
    return true
  }

  /// Without the inputs that have no elements: exporters join a stage of 0 channels.
  @Sendable static func nonEmptyParts(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    let kept = node.inputs.filter { writer.types[$0]?.count != 0 }
    guard !kept.isEmpty, kept.count < node.inputs.count else { return false }
    var join = node
    join.inputs = kept
    writer.replace(with: join)
    return true
  }

  /// Groups of channels side by side are the channels of an InstanceNormalization. Before opset 21 gains and offsets
  /// belong to groups.
  @Sendable static func groups(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let shape = writer.types[node.inputs[0]]?.shape, shape.count >= 3, node.inputs.count == 3,
      let groups = try? node.integer("num_groups", default: 0, in: 0...max(shape[1], 0)),
      groups > 0, shape[1] % groups == 0, shape[0] > 0, let count = ShapeLimits.count(shape)
    else { return false }
    let numbers = count / (shape[0] * groups)
    let (flat, scores) = (writer.name(node, "groups"), writer.name(node, "scores"))
    writer.reshape(node, "groups/shape", node.inputs[0], [shape[0], groups, numbers], to: flat)
    var norm = Node(
      name: scores, operation: "InstanceNormalization", inputs: [flat] + node.inputs[1...], outputs: [scores],
      attributes: node.attributes.filter { $0.key == "epsilon" })
    guard writer.opset >= 21 else {
      writer.replace(with: norm)
      writer.reshape(node, "shape", scores, shape, to: node.outputs[0])
      return true
    }
    norm.inputs[1] = writer.constant(
      node, "ones", TensorData(floats: [Float](repeating: 1, count: groups), shape: [groups]))
    norm.inputs[2] = writer.constant(
      node, "zeros", TensorData(floats: [Float](repeating: 0, count: groups), shape: [groups]))
    writer.replace(with: norm)
    let (back, scaled) = (writer.name(node, "back"), writer.name(node, "scaled"))
    writer.reshape(node, "shape", scores, shape, to: back)
    let column = [shape[1]] + [Int](repeating: 1, count: shape.count - 2)
    let (gains, offsets) = (writer.name(node, "gains"), writer.name(node, "offsets"))
    writer.reshape(node, "gains/shape", node.inputs[1], column, to: gains)
    writer.reshape(node, "offsets/shape", node.inputs[2], column, to: offsets)
    writer.append(node, "Mul", [back, gains], to: scaled)
    writer.append(node, "Add", [scaled, offsets], to: node.outputs[0])
    return true
  }

  /// A vector along one axis by the sum of its magnitudes or by its Euclidean length.
  @Sendable static func unitLength(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let axis = try? node.integer("axis", default: -1, in: -64...64),
      let p = try? node.integer("p", default: 2, in: 1...2)
    else { return false }
    let length = writer.name(node, "length")
    var norm = Node(
      name: length, operation: "ReduceL2", inputs: [node.inputs[0]], outputs: [length],
      attributes: ["axes": .integers([axis]), "keepdims": .integer(1)])
    if p == 1 {
      _ = writer.sum(norm, of: "Abs", [node.inputs[0]])
    } else {
      writer.takeAxes(of: &norm, from: 18)
      writer.replace(with: norm)
    }
    // A vector of zeros stays one, as in ONNX Runtime.
    let least = writer.constant(node, "least", TensorData(floats: [.leastNormalMagnitude], shape: []))
    let divisor = writer.step(node, "Max", length, least)
    writer.append(node, "Div", [node.inputs[0], divisor], to: node.outputs[0])
    return true
  }

  /// Numbers over the root of their squares' mean (Zhang and Sennrich 2019), over the axes from the one named on.
  @Sendable static func rootMeanSquare(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 2, let shape = writer.types[node.inputs[0]]?.shape,
      let given = try? node.integer("axis", default: -1, in: -64...64),
      let axis = try? node.axis(given, rank: shape.count), let epsilon = try? node.float("epsilon", default: 1e-5)
    else { return false }
    let squares = writer.step(node, "Mul", node.inputs[0], node.inputs[0])
    let name = writer.name(node, "mean")
    var mean = Node(
      name: name, operation: "ReduceMean", inputs: [squares], outputs: [name],
      attributes: ["axes": .integers(Array(axis..<shape.count)), "keepdims": .integer(1)])
    writer.takeAxes(of: &mean, from: 18)
    writer.replace(with: mean)
    let least = writer.constant(node, "epsilon", TensorData(floats: [epsilon], shape: []))
    let root = writer.step(node, "Sqrt", writer.step(node, "Add", name, least))
    writer.append(node, "Mul", [writer.step(node, "Div", node.inputs[0], root), node.inputs[1]], to: node.outputs[0])
    return true
  }

  @Sendable static func logarithmOfSum(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    var sum = node
    sum.outputs = [writer.name(node, "sum")]
    _ = writer.sum(sum, of: "Identity", [node.inputs[0]])
    writer.append(node, "Log", sum.outputs, to: node.outputs[0])
    return true
  }

  /// Less the greatest of them, so that no exponential overflows.
  @Sendable static func logarithmOfExponentials(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let result = writer.types[node.outputs[0]]?.shape else { return false }
    var greatest = node
    (greatest.operation, greatest.outputs) = ("ReduceMax", [writer.name(node, "greatest")])
    greatest.attributes["keepdims"] = .integer(1)
    writer.takeAxes(of: &greatest, from: 18)
    writer.replace(with: greatest)
    var sum = node
    sum.outputs = [writer.name(node, "sum")]
    _ = writer.sum(sum, of: "Exp", [writer.step(node, "Sub", node.inputs[0], greatest.outputs[0])])
    let whole = writer.reshaped(node, "shaped", greatest.outputs[0], result)
    writer.append(node, "Add", [writer.step(node, "Log", sum.outputs[0]), whole], to: node.outputs[0])
    return true
  }
}
