import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Add, Sub, Mul, Div, Min, Max, Pow: of two activations, or of an activation and a constant.
enum BinaryRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    guard let function = BinaryFunction.named[node.operation] else {
      throw RoadError(.model, "operator \(node.operation) is not supported")
    }
    guard node.inputs.count == 2 else {
      throw RoadError(.model, "has \(node.inputs.count) inputs; two are supported")
    }
    switch (try lowering.required(0, of: node), try lowering.required(1, of: node)) {
    case (.constant, .constant): throw RoadError(.model, "combines two constants, which no pass has folded")
    case (_, .constant(let constant)):
      try lowering.combine(node, 0, constant, function)
    case (.constant(let constant), _):
      try lowering.combine(node, 1, constant, function)
    default:
      if case .pending(let left) = try lowering.required(0, of: node),
        case .pending(let right) = try lowering.required(1, of: node),
        let both = PendingLayer.combining(left, right, function, in: lowering.network)
      {
        return lowering.set(.pending(both), outputOf: node)
      }
      for index in 0..<2 { try lowering.settleInt16(index, of: node) }
      if let pair = try lowering.int16Pair(node, function) { return lowering.set(.pending(pair), outputOf: node) }
      let (left, right) = (try lowering.real(0, of: node), try lowering.real(1, of: node))
      lowering.set(.pending(try lowering.binary(node.name, left, right, function)), outputOf: node)
    }
  }
}

extension Lowering {
  /// An activation and a constant: a table where the constant is one number or one a channel; sampling positions or a
  /// tensor where it is not.
  fileprivate mutating func combine(
    _ node: Node, _ index: Int, _ constant: ConstantTensor, _ named: BinaryFunction
  ) throws(RoadError) {
    func function(_ real: Float, _ number: Float) -> Float {
      index == 0 ? named.apply(real, number) : named.apply(number, real)
    }
    if case .field(let view, let offsets) = try required(index, of: node),
      try combine(node, view, offsets, constant, function)
    {
      return
    }
    if case .pending(let layer) = try required(index, of: node) {
      let numbers = layer.perChannel(constant)
      if let numbers, let affine = ChannelAffine(node.operation, constantIsFirst: index == 1, numbers),
        let whole = try layer.followed(by: affine, in: network)
      {
        return set(.pending(whole), outputOf: node)
      }
      if layer.takesFunctions(in: network), let number = numbers.flatMap({ Set($0).count == 1 ? $0.first : nil }) {
        let next = RealFunction.binary(named, constant: Float(number), constantIsFirst: index == 1)
        return set(.pending(layer.mapped(next)), outputOf: node)
      }
    }
    try settleInt16(index, of: node)
    if let combined = try int16Combined(node, index, constant, named) { return set(combined, outputOf: node) }
    let view = try real(index, of: node)
    let spread = broadcastShape(view.shape, constant.shape) ?? []
    if spread.count == view.shape.count, spread == view.shape, let numbers = perChannel(constant, of: view) {
      return map(view, outputOf: node, numbers, function)
    }
    // Sums with a whole map wait: what follows may be a GridSample.
    let sign = function(0, 1) == 1 ? Float(1) : -1
    if ["Add", "Sub"].contains(node.operation), spread == view.shape {
      let mapped = RealView(
        view: view.view,
        dequantized: view.rows(of: tensor(view.tensor)).map { $0.map { function($0, 0) } })
      let order = StridedView(of: constant.shape).broadcast(to: spread)
      guard let order else { throw RoadError(.model, "cannot broadcast \(constant.shape) to \(spread)") }
      let all = TensorData(floats: constant.reals.map { $0 * sign }, shape: constant.shape).viewed(order)
      return set(.field(mapped, offsets: ConstantTensor(name: constant.name, data: all)), outputOf: node)
    }
    if index == 0, node.operation == "Div", let factors = constant.reciprocal, let product = BinaryFunction.named["Mul"]
    {
      // Bytes of divisors have one near 0, so that quotients could be anything.
      let pending = try binary(node.name, view, RealView(view: try activation(of: factors)), product)
      return set(.pending(pending), outputOf: node)
    }
    let other = RealView(view: try activation(of: constant))
    let pending = try index == 0 ? binary(node.name, view, other, named) : binary(node.name, other, view, named)
    set(.pending(pending), outputOf: node)
  }

  /// Sampling positions stay such where the constant moves them or has a number for each of x and y.
  ///
  /// - Returns: whether they do; else they are a tensor like any other.
  private mutating func combine(
    _ node: Node, _ view: RealView, _ offsets: ConstantTensor, _ constant: ConstantTensor,
    _ function: (Float, Float) -> Float
  ) throws(RoadError) -> Bool {
    guard let order = StridedView(of: constant.shape).broadcast(to: offsets.shape) else { return false }
    let spread = TensorData(floats: constant.reals, shape: constant.shape).viewed(order).floats
    let moved = zip(offsets.reals, spread).map { function($0, $1) }
    let result = ConstantTensor(name: offsets.name, data: TensorData(floats: moved, shape: offsets.shape))
    // Positions minus a constant; a constant minus positions would turn them around.
    if node.operation == "Add" || node.operation == "Sub" && function(0, 1) == -1 {
      set(.field(view, offsets: result), outputOf: node)
      return true
    }
    guard ["Mul", "Div"].contains(node.operation), function(0, 1) == 0, let numbers = perChannel(constant, of: view)
    else { return false }
    set(.field(mapped(view, numbers, function), offsets: result), outputOf: node)
    return true
  }

  /// A field that is quantized after all: the constant becomes a tensor.
  mutating func sum(
    of view: RealView, _ offsets: ConstantTensor, _ node: Node
  ) throws(RoadError) -> PendingLayer {
    try binary(node.name, view, RealView(view: try activation(of: offsets)), .sum)
  }

  fileprivate mutating func binary(
    _ name: String, _ left: RealView, _ right: RealView, _ function: BinaryFunction
  ) throws(RoadError) -> PendingLayer {
    guard let result = broadcastShape(left.shape, right.shape) else {
      throw RoadError(.model, "combines \(left.shape) with \(right.shape)")
    }
    let sum = AffineSum(left, right, function.kind, network)
    if let sum, [left, right].contains(where: { $0.commonRow(of: tensor($0.tensor)) == nil }) {
      return PendingLayer(node: name, producer: sum)
    }
    let (left, right) = (common(left, name), common(right, name))
    let placed = place(left.view, right.view, result)
    let rows = (left.rows(of: tensor(placed.left))[0], right.rows(of: tensor(placed.right))[0])
    let shapes = [placed.left, placed.right].map { tensor($0).shape }
    let producer = Binary(
      left: placed.left, right: placed.right, function: function, shape: placed.target, rows: rows,
      readsAsStored: left.dequantized == nil && right.dequantized == nil, sum: sum, sharesShape: shapes[0] == shapes[1])
    return PendingLayer(node: name, producer: producer, elements: sum == nil ? placed.elements : nil)
  }

  /// Sum, difference or product of two tensors of which one has 16 bits; nil for anything else.
  fileprivate mutating func int16Pair(_ node: Node, _ function: BinaryFunction) throws(RoadError) -> PendingLayer? {
    guard function.kind != .other else { return nil }
    var shapes: [[Int]] = []
    var elements: Set<TensorElement> = []
    for index in 0..<2 {
      guard case .real(let real) = try required(index, of: node), real.tensor != network.input else { return nil }
      shapes.append(real.shape)
      elements.insert(tensor(real.tensor).element)
    }
    guard elements.contains(.int16), let result = broadcastShape(shapes[0], shapes[1]) else { return nil }
    let (left, right) = (try anyActivation(0, of: node), try anyActivation(1, of: node))
    return int16Pair(node, left, right, function, result)
  }

  private mutating func int16Pair(
    _ node: Node, _ left: ElementView, _ right: ElementView, _ function: BinaryFunction, _ result: [Int]
  ) -> PendingLayer {
    let placed = place(left, right, result)
    let producer = Binary(
      left: placed.left, right: placed.right, function: function, shape: placed.target, rows: ([], []),
      readsAsStored: true, needsInt16: true, sharesShape: tensor(placed.left).shape == tensor(placed.right).shape)
    return PendingLayer(node: node.name, producer: producer, elements: placed.elements)
  }

  /// A picture of 16 bits and a constant: a table where that is one number, a per-channel affine, or a tensor of 16
  /// bits; nil for other inputs.
  fileprivate mutating func int16Combined(
    _ node: Node, _ index: Int, _ constant: ConstantTensor, _ named: BinaryFunction
  ) throws(RoadError) -> Value? {
    guard case .real(let view) = try required(index, of: node), tensor(view.tensor).element == .int16,
      let result = broadcastShape(view.shape, constant.shape)
    else { return nil }
    let numbers = constant.reals
    if result == view.shape, let first = numbers.first, numbers.allSatisfy({ $0 == first }) {
      return .real(mapped(view, [first]) { index == 0 ? named.apply($0, $1) : named.apply($1, $0) })
    }
    if result == view.shape, view.shape.count == 4,
      constant.shape.suffix(3) == [view.shape[1], 1, 1], numbers.count == view.shape[1],
      let affine = ChannelAffine(node.operation, constantIsFirst: index == 1, numbers.map(Double.init)),
      let wide = try int16Affine(index, of: node, affine)
    {
      return .pending(wide)
    }
    guard named.kind != .other, let words = try int16(index, of: node) else { return nil }
    let other = try activation(of: constant, inInt16: true)
    let pair = index == 0 ? (words, other) : (other, words)
    return .pending(int16Pair(node, pair.0, pair.1, named, result))
  }

  /// With one row of numbers for all channels.
  private mutating func common(_ view: RealView, _ name: String) -> RealView {
    let source = tensor(view.tensor)
    guard view.tensor != network.input, let row = view.commonRow(of: source) else {
      return RealView(view: network.settled(view, name: "\(name)/operand"))
    }
    return view.isPlain(in: source) ? view : RealView(view: view.view, dequantized: [row])
  }

  /// Planes for both operands in one arrangement: each axis of the plane whole or, where it is repeated, 1.
  private mutating func place(
    _ left: ElementView, _ right: ElementView, _ result: [Int]
  ) -> (left: TensorID, right: TensorID, target: PlaneShape, elements: StridedView) {
    let same = left.elements.isSame(as: right.elements) && tensor(left.tensor).shape == tensor(right.tensor).shape
    if same, network.channelAxis(ofWhole: left) != nil {
      return (left.tensor, right.tensor, tensor(left.tensor).shape, left.elements)
    }
    let arrangement = Arrangement(canonical: result)
    let planes = [left, right].map { network.plane(of: $0.repeatable(over: result, arrangement), arrangement) }
    return (planes[0], planes[1], arrangement.plane(of: result), arrangement.elements(of: result))
  }
}

extension ConstantTensor {
  /// One over each of real numbers; nil with zeros among them, and for integers, whose steps others chose.
  fileprivate var reciprocal: ConstantTensor? {
    guard scale == nil, data.elementType == .float, data.floats.allSatisfy({ abs($0) > .leastNormalMagnitude }) else {
      return nil
    }
    return ConstantTensor(
      name: "\(name)/reciprocal", data: TensorData(floats: data.floats.map { 1 / $0 }, shape: data.shape))
  }
}

extension ElementView {
  /// Of the result's rank; each of the plane's axes either as long as the result's, or 1.
  fileprivate func repeatable(over result: [Int], _ arrangement: Arrangement) -> ElementView {
    var shape = [Int](repeating: 1, count: result.count - self.shape.count) + self.shape
    for axes in [arrangement.rows, arrangement.columns, arrangement.channels]
    where axes.contains(where: { shape[$0] != 1 }) {
      for axis in axes { shape[axis] = result[axis] }
    }
    return ElementView(tensor: tensor, elements: elements.broadcast(to: shape) ?? elements)
  }
}
