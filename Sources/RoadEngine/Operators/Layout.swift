import RoadBase
import RoadKernelContract
import RoadModel

// Operators that only change which element has which index: no layer, only another view.

extension Lowering {
  /// Applies a change of view to whatever the node's first input is.
  fileprivate mutating func move(
    _ node: Node, output: Int = 0, _ change: (StridedView) throws(RoadError) -> StridedView?
  ) throws(RoadError) {
    switch try required(0, of: node) {
    case .quantized(let view): set(.quantized(try moved(view, change)), output: output, of: node)
    case .pending(var layer):
      // The layer writes the same plane, which is then seen another way.
      let whole = layer.wholeElements
      guard let elements = try change(whole), elements.shape.reduce(1, *) == whole.shape.reduce(1, *) else {
        try settleInt16(0, of: node)
        if case .real = try required(0, of: node) { return try move(node, output: output, change) }
        let view = try network.settled(layer)
        return set(.real(RealView(view: try moved(view, change))), output: output, of: node)
      }
      layer.elements = elements
      set(.pending(layer), output: output, of: node)
    case .field(let real, let offsets):
      let view = try moved(real.view, change)
      guard let order = try change(StridedView(of: offsets.shape)) else {
        throw RoadError(.model, "moves sampling positions in a way that is not supported")
      }
      let constant = ConstantTensor(
        name: offsets.name, data: TensorData(floats: offsets.reals, shape: offsets.shape).viewed(order))
      set(.field(RealView(view: view, dequantized: real.dequantized), offsets: constant), output: output, of: node)
    case .constant(let constant):
      guard let order = try change(StridedView(of: constant.shape)), constant.scale?.scales.count ?? 1 == 1 else {
        throw RoadError(.model, "moves a constant in a way that is not supported")
      }
      set(
        .constant(ConstantTensor(name: constant.name, data: constant.data.viewed(order), scale: constant.scale)),
        output: output, of: node)
    case .real(var view):
      let rows = view.rows(of: tensor(view.tensor))
      if rows.count > 1 {
        // Numbers that differ by channel belong to the tensor's channels: where bytes must move, they are applied
        // first.
        let isMoved = try change(view.view.elements) == nil
        view =
          isMoved
          ? RealView(view: network.settled(view, name: "\(node.name)/input"))
          : RealView(view: view.view, dequantized: rows)
      }
      set(
        .real(RealView(view: try moved(view.view, change), dequantized: view.dequantized)), output: output, of: node)
    case .argmax, .unknown: throw RoadError(.model, "input '\(node.inputs[0])' is not quantized")
    }
  }

  /// Where no strides show the result, the elements are first brought into the order of their indices.
  private mutating func moved(
    _ view: ElementView, _ change: (StridedView) throws(RoadError) -> StridedView?
  ) throws(RoadError) -> ElementView {
    if let elements = try change(view.elements) { return ElementView(tensor: view.tensor, elements: elements) }
    let axes = Array(view.shape.indices)
    let flat = network.plane(of: view, Arrangement(rows: [], columns: [], channels: axes))
    guard let elements = try change(StridedView(of: view.shape)) else {
      throw RoadError(.model, "does not fit its input of shape \(view.shape)")
    }
    return ElementView(tensor: flat, elements: elements)
  }

  /// The shape that shape inference found for an output.
  func inferredShape(output index: Int = 0, of node: Node) throws(RoadError) -> [Int] {
    guard node.outputs.indices.contains(index), let shape = types[node.outputs[index]]?.shape,
      shape.allSatisfy({ $0 > 0 })
    else { throw RoadError(.model, "its output has no fixed shape, or an empty one") }
    return shape
  }
}

/// Reshape, Flatten, Squeeze, Unsqueeze.
enum ReshapeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let shape = try lowering.inferredShape(of: node)
    try lowering.move(node) { $0.reshaped(shape) }
  }
}

enum TransposeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let order = try node.permutation(rank: try lowering.inferredShape(of: node).count)
    try lowering.move(node) { $0.transposed(order) }
  }
}

enum ExpandRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let shape = try lowering.inferredShape(of: node)
    try lowering.move(node) { $0.broadcast(to: shape) }
  }
}

enum SliceRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    _ = try lowering.inferredShape(of: node)
    var constants: [String: TensorData] = [:]
    for index in 1..<max(node.inputs.count, 1) {
      if let constant = try lowering.constant(index, of: node) { constants[node.inputs[index]] = constant.data }
    }
    try lowering.move(node) { (view) throws(RoadError) in
      let cuts = try SliceGeometry(node: node, input: view.shape) { constants[$0] }.cuts
      return cuts.reduce(view) { $0.sliced(axis: $1.axis, start: $1.start, step: $1.step, count: $1.count) }
    }
  }
}

enum SplitRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    var start = 0
    for (index, name) in node.outputs.enumerated() {
      let shape = try lowering.inferredShape(output: index, of: node)
      let axis = try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: shape.count)
      if !name.isEmpty {
        let first = start
        try lowering.move(node, output: index) { $0.sliced(axis: axis, start: first, step: 1, count: shape[axis]) }
      }
      start += shape[axis]
    }
  }
}

/// Gather with constant indices that are evenly spaced along one axis: a selection of one entry, a flip, a slice.
enum GatherRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    guard let indices = try lowering.constant(1, of: node), let given = indices.data.integers, !given.isEmpty else {
      throw RoadError(.model, "its indices are not a constant list")
    }
    try lowering.move(node) { (view) throws(RoadError) in
      let axis = try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: view.shape.count)
      let positions = given.map { $0 < 0 ? $0 + view.shape[axis] : $0 }
      let step = positions.count > 1 ? positions[1] - positions[0] : 1
      let isEven = positions.indices.allSatisfy { positions[$0] == positions[0] + $0 * step }
      guard isEven, positions.allSatisfy((0..<view.shape[axis]).contains) else {
        throw RoadError(.model, "gathers indices that are not evenly spaced, which is not supported")
      }
      var result = view.sliced(axis: axis, start: positions[0], step: step, count: positions.count)
      if indices.shape.isEmpty {
        result.shape.remove(at: axis)
        result.strides.remove(at: axis)
      }
      return result
    }
  }
}

/// Blocks of channels to blocks of pixels and back: a reshape to six axes, a transposition and a reshape.
enum DepthSpaceRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let block = try node.integer("blocksize", default: 1, in: 1...1024)
    let mode = try node.string("mode", default: "DCR", of: ["DCR", "CRD"])
    let shape = try lowering.inferredShape(of: node)
    var settled = try lowering.int16(0, of: node)
    if settled == nil { settled = lowering.network.settled(try lowering.real(0, of: node), name: "\(node.name)/input") }
    guard let settled, settled.shape.count == 4, settled.shape[0] == 1 else {
      throw RoadError(.model, "its input has shape \(settled?.shape ?? []), not 1xCxHxW")
    }
    var six = settled.elements
    let (strides, sizes) = (six.strides, six.shape)
    let arrangement: Arrangement
    if node.operation == "DepthToSpace" {
      let depth = shape[1]
      // Axes: rows, block rows, columns, block columns, channels.
      let (blockRow, channel) = mode == "DCR" ? (block * depth, 1) : (block, block * block)
      let blockColumn = mode == "DCR" ? depth : 1
      six.shape = [sizes[2], block, sizes[3], block, depth]
      six.strides = [strides[2], blockRow * strides[1], strides[3], blockColumn * strides[1], channel * strides[1]]
      arrangement = Arrangement(rows: [0, 1], columns: [2, 3], channels: [4])
    } else {
      six.shape = [shape[2], shape[3], block, block, sizes[1]]
      six.strides = [block * strides[2], block * strides[3], strides[2], strides[3], strides[1]]
      arrangement = Arrangement(rows: [0], columns: [1], channels: mode == "CRD" ? [4, 2, 3] : [2, 3, 4])
    }
    let result = lowering.network.plane(of: ElementView(tensor: settled.tensor, elements: six), arrangement)
    lowering.set(lowering.network.canonicalView(of: result), outputOf: node)
  }
}
