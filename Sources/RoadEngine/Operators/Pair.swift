import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// What an operator does with two real numbers.
struct PairFunction: Sendable {
  enum Kind: Sendable { case sum, difference, product, other }
  var kind: Kind
  var apply: @Sendable (Float, Float) -> Float

  /// The catalogue's functions of two numbers.
  static let named: [String: PairFunction] = {
    let kinds: [String: Kind] = ["Add": .sum, "Sum": .sum, "Sub": .difference, "Mul": .product]
    return OperatorCatalogue.operators.compactMapValues { known in
      known.pair.map { PairFunction(kind: kinds[known.name] ?? .other, apply: $0) }
    }
  }()
}

/// Add, Sub, Mul, Div, Min, Max, Pow: of two activations, or of an activation and a constant.
enum PairRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    guard let function = PairFunction.named[node.operation] else {
      throw RoadError(.model, "operator \(node.operation) is not supported")
    }
    guard node.inputs.count == 2 else {
      throw RoadError(.model, "has \(node.inputs.count) inputs; two are supported")
    }
    switch (try lowering.required(0, of: node), try lowering.required(1, of: node)) {
    case (.constant, .constant): throw RoadError(.model, "combines two constants, which no pass has folded")
    case (_, .constant(let constant)):
      try lowering.combine(node, 0, constant) { function.apply($0, $1) }
    case (.constant(let constant), _):
      try lowering.combine(node, 1, constant) { function.apply($1, $0) }
    default:
      if case .pending(let left) = try lowering.required(0, of: node),
        case .pending(let right) = try lowering.required(1, of: node),
        let both = PendingLayer.combining(left, right, function.apply)
      {
        return lowering.set(.pending(both), outputOf: node)
      }
      if let sum = try lowering.wideSum(node, function) { return lowering.set(.pending(sum), outputOf: node) }
      let (left, right) = (try lowering.real(0, of: node), try lowering.real(1, of: node))
      lowering.set(.pending(try lowering.pair(node.name, left, right, function)), outputOf: node)
    }
  }
}

extension Lowering {
  /// An activation and a constant: a table where the constant is one number or one a channel; sampling positions or a
  /// tensor where it is not.
  fileprivate mutating func combine(
    _ node: Node, _ index: Int, _ constant: ConstantTensor,
    _ function: @escaping (_ real: Float, _ constant: Float) -> Float
  ) throws(RoadError) {
    if case .field(let view, let offsets) = try required(index, of: node) {
      return try combine(node, view, offsets, constant, function)
    }
    if case .pending(let layer) = try required(index, of: node) {
      if let numbers = layer.perChannel(constant),
        let line = ChannelLine(node.operation, constantIsFirst: index == 1, numbers),
        let whole = try layer.followed(by: line, self)
      {
        return set(.pending(whole), outputOf: node)
      }
      if layer.takesFunctions, let number = layer.perChannel(constant).flatMap({ Set($0).count == 1 ? $0.first : nil })
      {
        return set(.pending(layer.mapped { function($0, Float(number)) }), outputOf: node)
      }
    }
    let view = try real(index, of: node)
    let spread = broadcastShape(view.shape, constant.shape) ?? []
    if spread.count == view.shape.count, spread == view.shape, let numbers = perChannel(constant, of: view) {
      return map(view, outputOf: node, numbers, function)
    }
    // Sums with a whole map wait: what follows may be a GridSample.
    let sign = function(0, 1) == 1 ? Float(1) : -1
    if ["Add", "Sub"].contains(node.operation), spread == view.shape {
      let mapped = RealView(
        view: view.view, levels: view.levels(of: tensor(view.tensor)).map { $0.map { function($0, 0) } })
      let order = StridedView(of: constant.shape).broadcast(to: spread)
      guard let order else { throw RoadError(.model, "cannot broadcast \(constant.shape) to \(spread)") }
      let all = TensorData(floats: constant.reals.map { $0 * sign }, shape: constant.shape).viewed(order)
      return set(.field(mapped, offsets: ConstantTensor(name: constant.name, data: all)), outputOf: node)
    }
    let other = RealView(view: try activation(of: constant))
    guard let named = PairFunction.named[node.operation] else { return }
    let pending = try index == 0 ? pair(node.name, view, other, named) : pair(node.name, other, view, named)
    set(.pending(pending), outputOf: node)
  }

  private mutating func combine(
    _ node: Node, _ view: RealView, _ offsets: ConstantTensor, _ constant: ConstantTensor,
    _ function: (Float, Float) -> Float
  ) throws(RoadError) {
    guard let order = StridedView(of: constant.shape).broadcast(to: offsets.shape) else {
      throw RoadError(.model, "changes sampling positions in a way that is not supported")
    }
    let spread = TensorData(floats: constant.reals, shape: constant.shape).viewed(order).floats
    let moved = zip(offsets.reals, spread).map { function($0, $1) }
    let result = ConstantTensor(name: offsets.name, data: TensorData(floats: moved, shape: offsets.shape))
    // Positions minus a constant; a constant minus positions would turn them around.
    if node.operation == "Add" || node.operation == "Sub" && function(0, 1) == -1 {
      return set(.field(view, offsets: result), outputOf: node)
    }
    guard ["Mul", "Div"].contains(node.operation), let numbers = perChannel(constant, of: view) else {
      throw RoadError(.model, "changes sampling positions in a way that is not supported")
    }
    set(.field(mapped(view, numbers, function), offsets: result), outputOf: node)
  }

  /// A field that is quantized after all: the constant becomes a tensor.
  mutating func sum(
    of view: RealView, _ offsets: ConstantTensor, _ node: Node
  ) throws(RoadError) -> PendingLayer {
    try pair(
      node.name, view, RealView(view: try activation(of: offsets)), PairFunction(kind: .sum, apply: +))
  }

  mutating func pair(
    _ name: String, _ left: RealView, _ right: RealView, _ function: PairFunction
  ) throws(RoadError) -> PendingLayer {
    guard let result = broadcastShape(left.shape, right.shape) else {
      throw RoadError(.model, "combines \(left.shape) with \(right.shape)")
    }
    let sum = LinearSum(left, right, function.kind, self)
    if let sum, left.commonLevels(of: tensor(left.tensor)) == nil || right.commonLevels(of: tensor(right.tensor)) == nil
    {
      return sum.pending(name)
    }
    let (left, right) = (common(left, name), common(right, name))
    let placed = place(left.view, right.view, result)
    let (a, b) = (tensor(placed.left), tensor(placed.right))
    let rows = (levels(left, a), levels(right, b))
    let isPlain = left.levels == nil && right.levels == nil
    var pending = PendingLayer(node: name, shape: placed.target, elements: placed.elements) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output).quantization
      let shapes = [a.shape, b.shape, placed.target]
      if isPlain, function.kind != .other, a.shape == b.shape, function.kind != .product,
        let layer = try? AdditionLayer(
          name: name, left: (placed.left, a.quantization), right: (placed.right, b.quantization),
          sign: function.kind == .sum ? 1 : -1, output: (output, to), clamp: clamp,
          roundsAsONNXRuntime: lowering.roundsAsONNXRuntime)
      {
        return lowering.append(layer)
      }
      // A table is the real function's rounding.
      let hasLaw = isPlain && !lowering.roundsAsONNXRuntime
      let exact = hasLaw ? PairLayer.Operation(function.kind, a.quantization, b.quantization, to, clamp) : nil
      let operation = exact ?? .init(tableOf: function, rows.0, rows.1, to, clamp)
      lowering.append(
        PairLayer(
          name: name, left: placed.left, right: placed.right, output: output, operation: operation, shapes: shapes))
    }
    pending.range = Self.range(function, rows.0, rows.1)
    if isPlain, a.shape == b.shape, function.kind == .sum || function.kind == .difference {
      finishWide(&pending, placed.left, placed.right, function, readingWords: false)
    }
    if let sum {
      pending.elements = nil
      pending.transformed = { (line, _) in sum.followed(by: line).pending(name) }
    }
    return pending
  }

  /// Sum or difference of two tensors of one shape, of which one is of words; nil for anything else.
  fileprivate mutating func wideSum(_ node: Node, _ function: PairFunction) throws(RoadError) -> PendingLayer? {
    guard function.kind == .sum || function.kind == .difference else { return nil }
    let (isLeft, isRight) = (try isWide(0, of: node), try isWide(1, of: node))
    guard isLeft || isRight, let shape = try wideShape(of: node) else { return nil }
    let (left, right) = (try anyActivation(0, of: node), try anyActivation(1, of: node))
    let placed = place(left, right, shape)
    var pending = PendingLayer(node: node.name, shape: placed.target, elements: placed.elements) { _, _, _ in }
    finishWide(&pending, placed.left, placed.right, function, readingWords: true)
    return pending
  }

  private func isWide(_ index: Int, of node: Node) throws(RoadError) -> Bool {
    if case .wide = try required(index, of: node) { true } else { false }
  }

  /// The shape that both operands have; nil where they differ, or where one is neither words nor bytes.
  private func wideShape(of node: Node) throws(RoadError) -> [Int]? {
    var shapes: [[Int]] = []
    for index in 0..<2 {
      switch try required(index, of: node) {
      case .wide(let wide): shapes.append(wide.view.shape)
      case .real(let real) where real.tensor != network.input: shapes.append(real.shape)
      default: return nil
      }
    }
    return shapes[0] == shapes[1] ? shapes[0] : nil
  }

  private func finishWide(
    _ pending: inout PendingLayer, _ left: TensorID, _ right: TensorID, _ function: PairFunction, readingWords: Bool
  ) {
    let (name, sign) = (pending.node, function.kind == .sum ? 1.0 : -1)
    pending.finishes(readingWords: readingWords) { (lowering: inout Lowering, output, range) throws(RoadError) in
      lowering.append(
        try WideSumLayer(
          name: name, left: left, right: right, sign: sign, output: output, range, in: lowering.network))
    }
  }

  /// All results of the extremes; what functions that are monotone in each operand can give.
  private static func range(_ function: PairFunction, _ left: [Float], _ right: [Float]) -> ClosedRange<Float>? {
    let corners = [left.min(), left.max()].flatMap { a in
      [right.min(), right.max()].map { b in function.apply(a ?? 0, b ?? 0) }
    }
    guard corners.allSatisfy(\.isFinite), let low = corners.min(), let high = corners.max() else { return nil }
    return low...high
  }

  private func levels(_ view: RealView, _ tensor: LoweredTensor) -> [Float] {
    view.levels?.first ?? (0...255).map { tensor.quantization.dequantize(UInt8($0)) }
  }

  /// With one row of levels for all channels.
  private mutating func common(_ view: RealView, _ name: String) -> RealView {
    var view = view
    guard view.tensor != network.input, let levels = view.commonLevels(of: tensor(view.tensor)) else {
      return RealView(view: settled(view, name: "\(name)/operand"))
    }
    if view.levels != nil { view.levels = [levels] }
    return view
  }

  /// Planes for both operands in one arrangement: each axis of the plane whole or, where it is repeated, 1.
  private mutating func place(
    _ left: ElementView, _ right: ElementView, _ result: [Int]
  ) -> (left: TensorID, right: TensorID, target: PlaneShape, elements: StridedView) {
    let same = left.elements.isSame(as: right.elements) && tensor(left.tensor).shape == tensor(right.tensor).shape
    if same, channelAxis(ofWhole: left) != nil {
      return (left.tensor, right.tensor, tensor(left.tensor).shape, left.elements)
    }
    let arrangement = Arrangement(canonical: result)
    let planes = [left, right].map { plane(of: $0.repeatable(over: result, arrangement), arrangement) }
    return (planes[0], planes[1], arrangement.plane(of: result), arrangement.elements(of: result))
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

extension PairLayer.Operation {
  /// In integers; nil where the scales are too far apart or the function has no law of its own.
  init?(
    _ kind: PairFunction.Kind, _ left: Quantization, _ right: Quantization, _ to: Quantization, _ clamp: ByteClamp
  ) {
    switch kind {
    case .sum, .difference:
      guard
        let layer = try? AdditionLayer(
          name: "", left: (0, left), right: (0, right), sign: kind == .sum ? 1 : -1, output: (0, to), clamp: clamp,
          roundsAsONNXRuntime: false)
      else { return nil }
      self = .sum(
        BinarySum(
          leftMultiplier: layer.leftMultiplier, rightMultiplier: layer.rightMultiplier,
          bias: layer.bias, shift: layer.shift, zeroPoint: Int32(layer.zeroPoint), low: Int32(clamp.low),
          high: Int32(clamp.high)))
    case .product:
      let scale = Double(left.scale) * Double(right.scale) / Double(to.scale)
      guard scale.isFinite, scale > 0, let factors = Requantization.factors(for: scale) else { return nil }
      self = .product(
        BinaryProduct(
          leftZeroPoint: Int32(left.zeroPoint), rightZeroPoint: Int32(right.zeroPoint),
          requantization: Requantization(
            shift: factors.shift, multiplier: factors.multiplier, zeroPoint: to.zeroPoint, low: clamp.low,
            high: clamp.high)))
    case .other: return nil
    }
  }

  init(
    tableOf function: PairFunction, _ left: [Float], _ right: [Float], _ to: Quantization, _ clamp: ByteClamp
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1 << 16)
    for a in left {
      for b in right { bytes.append(min(max(to.quantize(function.apply(a, b)), clamp.low), clamp.high)) }
    }
    self = .table(bytes)
  }
}
