import RoadBase

/// An operator's function of one number, with the attributes of one node.
///
/// The rule of every table and of the float executor: the binary32 number nearest to the function's value (ties to
/// even), the value computed in binary64 by ``Elementary``. So a table hangs on no C library, and differs from the
/// correctly rounded one only where the exact value lies within 2^-42 of the middle between two binary32 numbers.
public struct ScalarFunction: Sendable {
  private let exact: @Sendable (Double) -> Double

  init(_ exact: @escaping @Sendable (Double) -> Double) { self.exact = exact }

  public func callAsFunction(_ x: Float) -> Float { Float(exact(Double(x))) }

  func callAsFunction(exactly x: Double) -> Double { exact(x) }
}

/// A function for each node of an operator: its attributes are read once.
typealias ScalarRule = @Sendable (Node) throws(RoadError) -> ScalarFunction

/// ONNX's functions of one number.
enum ScalarFunctions {
  /// Of an operator without attributes.
  static func plain(_ function: @escaping @Sendable (Double) -> Double) -> ScalarRule {
    { _ throws(RoadError) in ScalarFunction(function) }
  }

  static let leakyRelu: ScalarRule = { node throws(RoadError) in
    let slope = Double(try node.float("alpha", default: 0.01))
    return ScalarFunction { $0 < 0 ? slope * $0 : $0 }
  }

  static let elu: ScalarRule = { node throws(RoadError) in
    let alpha = Double(try node.float("alpha", default: 1))
    return ScalarFunction { $0 < 0 ? alpha * Elementary.exponentialMinusOne($0) : $0 }
  }

  static let selu: ScalarRule = { node throws(RoadError) in
    let alpha = Double(try node.float("alpha", default: 1.67326319))
    let gamma = Double(try node.float("gamma", default: 1.05070102))
    return ScalarFunction { gamma * ($0 < 0 ? alpha * Elementary.exponentialMinusOne($0) : $0) }
  }

  static let celu: ScalarRule = { node throws(RoadError) in
    let alpha = Double(try node.float("alpha", default: 1))
    guard alpha != 0 else { throw node.failure("attribute alpha is 0") }
    return ScalarFunction { max($0, 0) + min(alpha * Elementary.exponentialMinusOne($0 / alpha), 0) }
  }

  static let thresholdedRelu: ScalarRule = { node throws(RoadError) in
    let threshold = Double(try node.float("alpha", default: 1))
    return ScalarFunction { $0 > threshold ? $0 : 0 }
  }

  static let hardSigmoid: ScalarRule = { node throws(RoadError) in
    let slope = Double(try node.float("alpha", default: 0.2))
    let offset = Double(try node.float("beta", default: 0.5))
    return ScalarFunction { min(max(slope * $0 + offset, 0), 1) }
  }

  /// Towards zero by `bias`, and 0 up to `lambd` around it.
  static let shrink: ScalarRule = { node throws(RoadError) in
    let bias = Double(try node.float("bias", default: 0))
    let threshold = Double(try node.float("lambd", default: 0.5))
    return ScalarFunction { $0 < -threshold ? $0 + bias : $0 > threshold ? $0 - bias : 0 }
  }

  static let swish: ScalarRule = { node throws(RoadError) in
    let alpha = Double(try node.float("alpha", default: 1))
    return ScalarFunction { $0 * Elementary.sigmoid(alpha * $0) }
  }

  /// By the error function or, where the node says so, by the hyperbolic tangent (https://arxiv.org/abs/1606.08415).
  static let gelu: ScalarRule = { node throws(RoadError) in
    guard try node.string("approximate", default: "none", of: ["none", "tanh"]) == "tanh" else {
      return ScalarFunction { $0 / 2 * Elementary.complementaryErrorFunction(-$0 * 0.7071067811865476) }
    }
    // ½·(1 + tanh u) = sigmoid(2u); √(8/π)
    return ScalarFunction { x in x * Elementary.sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x)) }
  }
}

/// e^x as every board computes it, see ``Elementary``.
package func exponential(_ x: Double) -> Double { Elementary.exponential(x) }
