import RoadBase

/// The interval that an activation cuts to: Relu is 0...∞, ReLU6 (Clip 0...6) is 0...6.
public struct Clamp: Hashable, Sendable {
  public var low: Float
  public var high: Float

  /// The clamp that a Relu or a Clip with constant limits is; nil for every other node.
  ///
  /// - Parameter constant: the value of a constant input by name.
  public init?(_ node: Node, constant: (String) -> TensorData?) {
    guard node.domain.isEmpty else { return nil }
    switch node.operation {
    case "Relu": (low, high) = (0, .infinity)
    case "Clip":
      (low, high) = (-.infinity, .infinity)
      if let name = node.input(1) {
        guard let value = constant(name)?.floats, value.count == 1, !value[0].isNaN else { return nil }
        low = value[0]
      }
      if let name = node.input(2) {
        guard let value = constant(name)?.floats, value.count == 1, !value[0].isNaN else { return nil }
        high = value[0]
      }
      guard low <= high else { return nil }
    default: return nil
    }
  }
}
