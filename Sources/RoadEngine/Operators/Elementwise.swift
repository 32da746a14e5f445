import RoadBase
import RoadModel

// Functions of one tensor's bytes: they change the 256 real numbers of a `RealView` and cost nothing at run time.

extension Lowering {
  /// Applies `function` to every level; `channel` counts through the constant where it has an entry for each channel.
  mutating func map(
    _ view: RealView, channels wide: Bool, outputOf node: Node, _ function: (_ real: Float, _ channel: Int) -> Float
  ) {
    let source = tensor(view.tensor)
    var rows = view.levels(of: source)
    if !wide, view.levels?.count ?? 1 == 1 { rows = [rows[0]] }
    for (channel, row) in rows.enumerated() { rows[channel] = row.map { function($0, channel) } }
    set(.real(RealView(tensor: view.tensor, levels: rows)), outputOf: node)
  }

  /// `real ∘ constant` or `constant ∘ real`, the constant a scalar or one number for each channel.
  mutating func mapWithConstant(
    _ node: Node, _ function: (_ left: Float, _ right: Float) -> Float
  ) throws(RoadError) {
    switch (try required(0, of: node), try required(1, of: node)) {
    case (.real(let view), .constant(let constant)):
      let numbers = try perChannel(constant, of: view)
      map(view, channels: numbers.count > 1, outputOf: node) { function($0, numbers[numbers.count > 1 ? $1 : 0]) }
    case (.constant(let constant), .real(let view)):
      let numbers = try perChannel(constant, of: view)
      map(view, channels: numbers.count > 1, outputOf: node) { function(numbers[numbers.count > 1 ? $1 : 0], $0) }
    case (.real, .real):
      throw RoadError(.model, "combines two activations, which is not supported")
    default:
      throw RoadError(.model, "its input is not quantized")
    }
  }

  private func perChannel(_ constant: ConstantTensor, of view: RealView) throws(RoadError) -> [Float] {
    let numbers = constant.reals
    if numbers.count == 1 { return numbers }
    let channels = tensor(view.tensor).channels
    let shape = Array(repeating: 1, count: max(0, 4 - constant.shape.count)) + constant.shape
    guard shape == [1, channels, 1, 1] else {
      throw RoadError(.model, "constant '\(constant.name)' has shape \(constant.shape), not one number a channel")
    }
    return numbers
  }
}

enum ScalingRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    try lowering.mapWithConstant(node, *)
  }
}

enum DivisionRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    try lowering.mapWithConstant(node, /)
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
    func clamped(_ real: Float) -> Float { min(max(real, lowest), highest) }
    switch try required(0, of: node) {
    case .pending(var layer):
      layer.lowest = clamped(layer.lowest)
      layer.highest = clamped(layer.highest)
      set(.pending(layer), outputOf: node)
    case .real(let view):
      map(view, channels: false, outputOf: node) { real, _ in clamped(real) }
    case .bytes, .constant, .unknown:
      throw RoadError(.model, "its input '\(node.inputs[0])' is not an activation")
    }
  }
}
