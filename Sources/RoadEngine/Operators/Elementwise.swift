import RoadBase
import RoadModel

// Functions of one tensor's integers: they change the real numbers of a `RealView` and cost nothing at run time.

extension Lowering {
  /// Applies `function` to every number of the table; `numbers` is one for all, or one for each channel of the view's
  /// tensor.
  func mapped(_ view: RealView, _ numbers: [Float], _ function: (_ real: Float, _ number: Float) -> Float) -> RealView {
    var rows = view.rows(of: tensor(view.tensor))
    if numbers.count > 1 { rows = view.rowsOfChannels(of: tensor(view.tensor)) }
    for (channel, row) in rows.enumerated() {
      let number = numbers[numbers.count == 1 ? 0 : channel]
      rows[channel] = row.map { function($0, number) }
    }
    return RealView(view: view.view, dequantized: rows)
  }

  mutating func map(
    _ view: RealView, outputOf node: Node, _ numbers: [Float] = [0],
    _ function: (_ real: Float, _ number: Float) -> Float
  ) {
    set(.real(mapped(view, numbers, function)), outputOf: node)
  }

  /// The constant's number for each channel of the view's tensor, or one number; nil where it differs along other axes.
  func perChannel(_ constant: ConstantTensor, of view: RealView) -> [Float]? {
    let numbers = constant.reals
    if numbers.count == 1 || numbers.dropFirst().allSatisfy({ $0 == numbers[0] }) { return numbers.first.map { [$0] } }
    let missing = view.shape.count - constant.shape.count
    guard missing >= 0 else { return nil }
    let axes = constant.shape.indices.filter { constant.shape[$0] != 1 }
    guard axes.count == 1, let own = axes.first else { return nil }
    let (axis, elements) = (own + missing, view.view.elements)
    let channels = tensor(view.tensor).channels
    let first = elements.offset % channels
    // A reshape may spread another axis over the channels, too: then a channel has no number of its own.
    let othersKeepChannel = elements.shape.indices.allSatisfy {
      $0 == axis || elements.shape[$0] == 1 || elements.strides[$0] % channels == 0
    }
    guard elements.strides[axis] == 1, othersKeepChannel, elements.shape[axis] == numbers.count,
      first + numbers.count <= channels
    else { return nil }
    var result = [Float](repeating: 0, count: channels)
    result.replaceSubrange(first..<first + numbers.count, with: numbers)
    return result
  }

  fileprivate mutating func apply(_ node: Node, _ function: RealFunction) throws(RoadError) {
    switch try required(0, of: node) {
    case .pending(let layer) where layer.takesFunctions(in: network):
      set(.pending(layer.mapped(function)), outputOf: node)
    case .real(let view): map(view, outputOf: node) { real, _ in function(real) }
    default: map(try real(0, of: node), outputOf: node) { real, _ in function(real) }
    }
  }
}

enum ReluRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    try lowering.clamp(node, lowest: 0, highest: .infinity)
  }
}

/// Clip with bounds as inputs (opset 11 on) or as attributes (before).
enum ClipRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let lowest = try bound(1, "min", of: node, lowering) ?? -.infinity
    let highest = try bound(2, "max", of: node, lowering) ?? .infinity
    guard lowest <= highest else {
      throw RoadError(.model, "clips to \(lowest)...\(highest), an empty range")
    }
    try lowering.clamp(node, lowest: lowest, highest: highest)
  }

  private static func bound(
    _ index: Int, _ attribute: String, of node: Node, _ lowering: Lowering
  ) throws(RoadError) -> Float? {
    if node.attributes[attribute] != nil { return try node.float(attribute, default: 0) }
    guard let constant = try lowering.constant(index, of: node) else { return nil }
    guard let number = constant.reals.first else { throw RoadError(.model, "its \(attribute) is empty") }
    return number
  }
}

extension Lowering {
  fileprivate mutating func clamp(_ node: Node, lowest: Float, highest: Float) throws(RoadError) {
    guard case .pending(var layer) = try required(0, of: node) else {
      return try apply(node, .clamp(lowest, highest))
    }
    let before = layer.epilogue
    layer.epilogue.lowest = min(max(before.lowest, lowest), highest)
    layer.epilogue.highest = min(max(before.highest, lowest), highest)
    set(.pending(layer), outputOf: node)
  }

  /// Nil for other values than pending ones, and where something other than an affine is behind the layer.
  fileprivate func leaky(_ value: Value, _ slopes: (PendingLayer) -> [Double]?) throws(RoadError) -> PendingLayer? {
    guard case .pending(let layer) = value, layer.epilogue.function == nil, layer.epilogue.clampsNothing,
      !(layer.producer is Int16Affine), let slopes = slopes(layer),
      let leaky = try Leaky(try layer.folded(in: network), slopes, in: network)
    else { return nil }
    return PendingLayer(node: layer.node, producer: leaky, elements: layer.elements)
  }
}

/// Every function of one number: 256 levels in, 256 levels out.
enum FunctionRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    if node.operation == "LeakyRelu" {
      let alpha = Double(try node.float("alpha", default: 0.01))
      if case .pending(let layer) = try lowering.required(0, of: node),
        let sloped = try layer.sloped([Double](repeating: alpha, count: layer.shape.channels), in: lowering.network)
      {
        return lowering.set(.pending(sloped), outputOf: node)
      }
      let leaky = try lowering.leaky(try lowering.required(0, of: node)) { layer in
        Array(repeating: alpha, count: layer.shape.channels)
      }
      if let leaky { return lowering.set(.pending(leaky), outputOf: node) }
    }
    guard let function = try OperatorCatalogue[node.operation]?.function(of: node) else {
      throw RoadError(.model, "operator \(node.operation) is not supported")
    }
    try lowering.apply(node, .node(node, function))
  }
}

/// PRelu with one slope, or one a channel.
enum PReluRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let constant = try lowering.constant(1, of: node)
    if case .pending(let layer) = try lowering.required(0, of: node),
      let sloped = try layer.sloped(constant.flatMap { layer.perChannel($0) }, in: lowering.network)
    {
      return lowering.set(.pending(sloped), outputOf: node)
    }
    if let leaky = try lowering.leaky(try lowering.required(0, of: node), { constant.flatMap($0.perChannel) }) {
      return lowering.set(.pending(leaky), outputOf: node)
    }
    if let constant, let wide = try lowering.int16Affine(0, of: node), let slopes = wide.perChannel(constant),
      let sloped = try wide.sloped(slopes, in: lowering.network)
    {
      return lowering.set(.pending(sloped), outputOf: node)
    }
    let view = try lowering.real(0, of: node)
    guard let slope = constant, let slopes = lowering.perChannel(slope, of: view) else {
      throw RoadError(.model, "its slopes are not one number, or one a channel")
    }
    lowering.map(view, outputOf: node, slopes) { $0 < 0 ? $0 * $1 : $0 }
  }
}

/// BatchNormalization that no convolution took in: an affine function of each channel.
enum BatchNormalizationRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    if case .pending(let layer) = try lowering.required(0, of: node), layer.elements == nil,
      let affine = try ChannelAffine(batchNormalization: node, lowering),
      let whole = try layer.followed(by: affine, in: lowering.network)
    {
      return lowering.set(.pending(whole), outputOf: node)
    }
    if let affine = try ChannelAffine(batchNormalization: node, lowering),
      let wide = try lowering.int16Affine(0, of: node, affine)
    {
      return lowering.set(.pending(wide), outputOf: node)
    }
    let view = try lowering.real(0, of: node)
    var numbers: [[Float]] = []
    for index in 1...4 {
      guard let constant = try lowering.constant(index, of: node), view.shape.count >= 2 else {
        throw RoadError(.model, "its parameters are not constants")
      }
      // One number a channel lies along axis 1.
      let shape = [constant.data.count] + [Int](repeating: 1, count: view.shape.count - 2)
      let column = ConstantTensor(name: constant.name, data: TensorData(floats: constant.reals, shape: shape))
      guard let row = lowering.perChannel(column, of: view) else {
        throw RoadError(.model, "its parameters do not fit an input of shape \(view.shape)")
      }
      numbers.append(row)
    }
    let epsilon = try node.float("epsilon", default: 1e-5)
    func number(_ parameter: Int, _ channel: Int) -> Float {
      numbers[parameter][numbers[parameter].count == 1 ? 0 : channel]
    }
    var rows = view.rowsOfChannels(of: lowering.tensor(view.tensor))
    for channel in rows.indices {
      let gain = number(0, channel) / (number(3, channel) + epsilon).squareRoot()
      let shift = number(1, channel) - number(2, channel) * gain
      rows[channel] = rows[channel].map { $0 * gain + shift }
    }
    lowering.set(.real(RealView(view: view.view, dequantized: rows)), outputOf: node)
  }
}

extension ChannelAffine {
  /// Nil where a parameter is not a constant of one number for each channel.
  init?(batchNormalization node: Node, _ lowering: Lowering) throws(RoadError) {
    var parameters: [[Double]] = []
    for index in 1...4 {
      guard let constant = try lowering.constant(index, of: node) else { return nil }
      parameters.append(constant.reals.map(Double.init))
    }
    guard Set(parameters.map(\.count)).count == 1 else { return nil }
    let epsilon = Double(try node.float("epsilon", default: 1e-5))
    let factor = zip(parameters[0], parameters[3]).map { $0 / ($1 + epsilon).squareRoot() }
    let offset = parameters[0].indices.map { parameters[1][$0] - parameters[2][$0] * factor[$0] }
    guard factor.allSatisfy(\.isFinite), offset.allSatisfy(\.isFinite) else { return nil }
    self.init(factor: factor, offset: offset)
  }
}
