import Glibc
import RoadBase
import RoadModel

func exponential(_ x: Float) -> Float { expf(x) }
func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
func errorFunction(_ x: Float) -> Float { erff(x) }
func naturalLogarithm(_ x: Float) -> Float { logf(x) }
func sine(_ x: Float) -> Float { sinf(x) }
func cosine(_ x: Float) -> Float { cosf(x) }
func softplus(_ x: Float) -> Float { log1pf(expf(-abs(x))) + max(x, 0) }

/// Operators that work number by number, with ONNX (NumPy) broadcasting.
enum ElementwiseOperators {
  /// Written out because every convolution has one: a closure called for each number would cost more than the number.
  static func relu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let input = try call.floats(0)
    return [.floats(FloatTensor(shape: input.shape, values: input.values.map { $0 > 0 ? $0 : 0 }))]
  }

  static func unary(_ function: @escaping @Sendable (Float) -> Float) -> FloatOperator {
    { call throws(RoadError) in
      let input = try call.floats(0)
      return [.floats(FloatTensor(shape: input.shape, values: input.values.map(function)))]
    }
  }

  static func binary(
    _ function: @escaping @Sendable (Float, Float) -> Float, integers: @escaping @Sendable (Int, Int) -> Int
  ) -> FloatOperator {
    { call throws(RoadError) in
      if call.arguments.count == 2, case .integers(let leftShape, let left)? = call.arguments[0],
        case .integers(let rightShape, let right)? = call.arguments[1]
      {
        let plan = try Broadcast(call, leftShape, rightShape)
        return [.integers(shape: plan.shape, values: plan.combine(left, right, integers))]
      }
      let left = try call.floats(0)
      let right = try call.floats(1)
      let plan = try Broadcast(call, left.shape, right.shape)
      return [.floats(FloatTensor(shape: plan.shape, values: plan.combine(left.values, right.values, function)))]
    }
  }

  /// One input or more, all broadcast to one shape.
  static func variadic(_ function: @escaping @Sendable (Float, Float) -> Float) -> FloatOperator {
    { call throws(RoadError) in
      var result = try call.floats(0)
      for index in call.arguments.indices.dropFirst() {
        let next = try call.floats(index)
        let plan = try Broadcast(call, result.shape, next.shape)
        result = FloatTensor(shape: plan.shape, values: plan.combine(result.values, next.values, function))
      }
      return [.floats(result)]
    }
  }

  static func mean(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let share = 1 / Float(call.arguments.count)
    guard case .floats(let sum)? = try variadic({ $0 + $1 })(call).first else { return [] }
    return [.floats(FloatTensor(shape: sum.shape, values: sum.values.map { $0 * share }))]
  }

  static func equal(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let (left, right) = (try call.floats(0), try call.floats(1))
    let plan = try Broadcast(call, left.shape, right.shape)
    let same = plan.combine(left.values, right.values) { $0 == $1 ? 1 : 0 }
    return [.integers(shape: plan.shape, values: same.map { Int($0) })]
  }

  /// The second input where the first is not zero, the third elsewhere.
  static func selection(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let condition = try call.floats(0)
    let (yes, no) = (try call.value(1), try call.value(2))
    guard let pair = broadcastShape(yes.shape, no.shape), let shape = broadcastShape(pair, condition.shape),
      let chosen = StridedView(of: condition.shape).broadcast(to: shape)?.offsets,
      let first = StridedView(of: yes.shape).broadcast(to: shape)?.offsets,
      let second = StridedView(of: no.shape).broadcast(to: shape)?.offsets
    else { throw call.failure("shapes \(condition.shape), \(yes.shape) and \(no.shape) do not fit each other") }
    func pick<Element>(_ yes: [Element], _ no: [Element]) -> [Element] {
      chosen.indices.map { condition.values[chosen[$0]] != 0 ? yes[first[$0]] : no[second[$0]] }
    }
    if case .integers(_, let yes) = yes, case .integers(_, let no) = no {
      return [.integers(shape: shape, values: pick(yes, no))]
    }
    return [.floats(FloatTensor(shape: shape, values: pick(try call.floats(1).values, try call.floats(2).values)))]
  }

  static func elu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let alpha = call.float("alpha", default: 1)
    return try unary { $0 < 0 ? alpha * (exponential($0) - 1) : $0 }(call)
  }

  static func selu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let (alpha, gamma) = (call.float("alpha", default: 1.67326319), call.float("gamma", default: 1.05070102))
    return try unary { gamma * ($0 < 0 ? alpha * (exponential($0) - 1) : $0) }(call)
  }

  static func celu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let alpha = call.float("alpha", default: 1)
    return try unary { $0 < 0 ? alpha * (exponential($0 / alpha) - 1) : $0 }(call)
  }

  static func thresholdedRelu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let threshold = call.float("alpha", default: 1)
    return try unary { $0 > threshold ? $0 : 0 }(call)
  }

  static func power(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let (base, exponent) = (try call.floats(0), try call.floats(1))
    let plan = try Broadcast(call, base.shape, exponent.shape)
    return [
      .floats(FloatTensor(shape: plan.shape, values: plan.combine(base.values, exponent.values) { powf($0, $1) }))
    ]
  }

  /// Exact, or by the hyperbolic tangent (https://arxiv.org/abs/1606.08415).
  static func gelu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    switch call.string("approximate", default: "none") {
    case "none": return try unary { 0.5 * $0 * (1 + errorFunction($0 * Float(0.5).squareRoot())) }(call)
    case "tanh":
      let factor = (2 / Float.pi).squareRoot()
      return try unary { 0.5 * $0 * (1 + hyperbolicTangent(factor * ($0 + 0.044715 * $0 * $0 * $0))) }(call)
    case let other: throw call.failure("approximate '\(other)'")
    }
  }

  static func leakyRelu(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let slope = call.float("alpha", default: 0.01)
    return try unary { $0 < 0 ? slope * $0 : $0 }(call)
  }

  static func hardSigmoid(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let (slope, offset) = (call.float("alpha", default: 0.2), call.float("beta", default: 0.5))
    return try unary { min(max(slope * $0 + offset, 0), 1) }(call)
  }

  /// The bounds are inputs from opset 11 on, attributes before.
  static func clip(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let input = try call.floats(0)
    let low = call.has(1) ? try scalar(call, 1) : call.float("min", default: -.infinity)
    let high = call.has(2) ? try scalar(call, 2) : call.float("max", default: .infinity)
    return [.floats(FloatTensor(shape: input.shape, values: input.values.map { min(max($0, low), high) }))]
  }

  private static func scalar(_ call: OperatorCall, _ index: Int) throws(RoadError) -> Float {
    let tensor = try call.floats(index)
    guard tensor.values.count == 1 else { throw call.failure("input \(index) is not one number") }
    return tensor.values[0]
  }

  static func batchNormalization(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let input = try call.picture(0)
    var parameters: [[Float]] = []
    for index in 1...4 {
      let values = try call.floats(index).values
      guard values.count == input.shape[1] else {
        throw call.failure("input \(index) has \(values.count) values for \(input.shape[1]) channels")
      }
      parameters.append(values)
    }
    let epsilon = call.float("epsilon", default: 1e-5)
    let area = input.shape[2] * input.shape[3]
    var output = input
    for plane in 0..<input.shape[0] * input.shape[1] {
      let channel = plane % input.shape[1]
      let gain = parameters[0][channel] / (parameters[3][channel] + epsilon).squareRoot()
      let offset = parameters[1][channel] - parameters[2][channel] * gain
      for index in plane * area..<(plane + 1) * area { output.values[index] = input.values[index] * gain + offset }
    }
    return [.floats(output)]
  }
}

/// Two shapes aligned at their ends, each dimension equal or 1.
private struct Broadcast {
  let shape: [Int]
  private let leftSteps: [Int]
  private let rightSteps: [Int]

  init(_ call: OperatorCall, _ left: [Int], _ right: [Int]) throws(RoadError) {
    let rank = max(left.count, right.count)
    let paddedLeft = [Int](repeating: 1, count: rank - left.count) + left
    let paddedRight = [Int](repeating: 1, count: rank - right.count) + right
    for (a, b) in zip(paddedLeft, paddedRight) where a != b && a != 1 && b != 1 {
      throw call.failure("shapes \(left) and \(right) do not fit each other")
    }
    shape = zip(paddedLeft, paddedRight).map { $0 == 1 ? $1 : $0 }
    leftSteps = Self.steps(paddedLeft)
    rightSteps = Self.steps(paddedRight)
  }

  private static func steps(_ shape: [Int]) -> [Int] {
    var steps = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() {
      steps[axis] = shape[axis] == 1 ? 0 : step
      step *= shape[axis]
    }
    return steps
  }

  func combine<Element>(_ left: [Element], _ right: [Element], _ function: (Element, Element) -> Element) -> [Element] {
    if left.count == right.count, leftSteps == rightSteps { return zip(left, right).map(function) }
    let count = shape.reduce(1, *)
    var out: [Element] = []
    out.reserveCapacity(count)
    var position = [Int](repeating: 0, count: shape.count)
    var (l, r) = (0, 0)
    for _ in 0..<count {
      out.append(function(left[l], right[r]))
      // Count up like an odometer.
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        l += leftSteps[axis]
        r += rightSteps[axis]
        if position[axis] < shape[axis] { break }
        l -= leftSteps[axis] * shape[axis]
        r -= rightSteps[axis] * shape[axis]
        position[axis] = 0
        axis -= 1
      }
    }
    return out
  }
}
