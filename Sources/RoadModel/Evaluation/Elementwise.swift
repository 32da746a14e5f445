import RoadBase

/// Operators that work number by number, with ONNX (NumPy) broadcasting.
enum ElementwiseOperators {
  /// Written out because every convolution has one: a closure called for each number would cost more than the number.
  static func relu(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    return [.floats(FloatTensor(shape: input.shape, values: input.values.map { $0 > 0 ? $0 : 0 }))]
  }

  /// A function of one number. What is an integer stays one: ONNX defines no other results for integers.
  static func function(_ rule: @escaping ScalarRule) -> Evaluation {
    { call throws(RoadError) in
      let function = try rule(call.node)
      switch try call.value(0) {
      case .floats(let input):
        return [.floats(FloatTensor(shape: input.shape, values: input.values.map { function($0) }))]
      case .integers(let shape, let values):
        return [
          .integers(
            shape: shape,
            values: try values.mapChecked { value throws(RoadError) in
              guard let result = Int(exactly: function(exactly: Double(value)).rounded(.towardZero)) else {
                throw call.failure("no integer is its result for \(value)")
              }
              return result
            })
        ]
      }
    }
  }

  /// A function of two numbers; with one input or more than two, it takes them in one after the other.
  static func binary(
    _ function: @escaping @Sendable (Float, Float) -> Float, integers: (@Sendable (Int, Int) -> Int)? = nil
  ) -> Evaluation {
    { call throws(RoadError) in
      var result = try call.value(0)
      for index in call.arguments.indices.dropFirst() {
        let next = try call.value(index)
        let plan = try Broadcast(call, result.shape, next.shape)
        if let integers, case .integers(_, let left) = result, case .integers(_, let right) = next {
          result = .integers(shape: plan.shape, values: plan.combine(left, right, integers))
        } else {
          let values = plan.combine(result.floats.values, next.floats.values, function)
          result = .floats(FloatTensor(shape: plan.shape, values: values))
        }
      }
      return [result]
    }
  }

  static func mean(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let share = 1 / Float(call.arguments.count)
    guard case .floats(let sum)? = try binary({ $0 + $1 })(call).first else { return [] }
    return [.floats(FloatTensor(shape: sum.shape, values: sum.values.map { $0 * share }))]
  }

  /// Integers are compared as such: beyond 2^24 they are no floats.
  static func comparison(
    floats: @escaping @Sendable (Float, Float) -> Bool, integers: @escaping @Sendable (Int, Int) -> Bool
  ) -> Evaluation {
    { call throws(RoadError) in
      let (left, right) = (try call.value(0), try call.value(1))
      let plan = try Broadcast(call, left.shape, right.shape)
      if case .integers(_, let a) = left, case .integers(_, let b) = right {
        return [.integers(shape: plan.shape, values: plan.combine(a, b) { integers($0, $1) ? 1 : 0 })]
      }
      let truth = plan.combine(left.floats.values, right.floats.values) { floats($0, $1) ? 1 : 0 }
      return [.integers(shape: plan.shape, values: truth.map { Int($0) })]
    }
  }

  static func logic(_ function: @escaping @Sendable (Bool, Bool) -> Bool) -> Evaluation {
    comparison(floats: { function($0 != 0, $1 != 0) }, integers: { function($0 != 0, $1 != 0) })
  }

  static func negation(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    return [.integers(shape: input.shape, values: input.values.map { $0 == 0 ? 1 : 0 })]
  }

  /// The remainder has the divisor's sign, with `fmod` the dividend's. Nothing remains of a division by 0.
  static func remainder(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let keepsDividend = call.integer("fmod", default: 0) != 0
    return try binary { dividend, divisor in
      let rest = dividend.truncatingRemainder(dividingBy: divisor)
      return keepsDividend || rest == 0 || (rest < 0) == (divisor < 0) ? rest : rest + divisor
    } integers: { dividend, divisor in
      guard divisor != 0, divisor != -1 else { return 0 }
      let rest = dividend % divisor
      return keepsDividend || rest == 0 || (rest < 0) == (divisor < 0) ? rest : rest + divisor
    }(call)
  }

  /// The second input where the first is not zero, the third elsewhere.
  static func selection(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
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

  /// The bounds are inputs from opset 11 on, attributes before.
  static func clip(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
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

  static func batchNormalization(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
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
