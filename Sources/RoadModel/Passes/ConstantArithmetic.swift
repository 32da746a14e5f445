import Foundation

/// Elementwise arithmetic on constants, with ONNX broadcasting. Integers wrap as they do in every runtime.
enum ConstantArithmetic {
  static func evaluate(_ operation: String, _ inputs: [TensorData], _ type: TensorType) -> TensorData? {
    if operation == "Where" { return selection(inputs, type) }
    if inputs.allSatisfy({ $0.elementType == .int64 || $0.elementType == .int32 }) {
      return integers(operation, inputs, type)
    }
    // Only the exponent of a power may be of another type than its base.
    let reals = operation == "Pow" ? inputs.compactMap { $0.cast(to: .float) } : inputs
    guard reals.allSatisfy({ $0.elementType == .float }), reals.count == inputs.count, type.elementType == .float else {
      return nil
    }
    return floats(operation, reals, type)
  }

  private static func integers(_ operation: String, _ inputs: [TensorData], _ type: TensorType) -> TensorData? {
    guard let first = operand(inputs[0], type, \.integers) else { return nil }
    var result: [Int]
    switch (operation, inputs.count) {
    case ("Neg", 1): result = first.map { 0 &- $0 }
    case ("Abs", 1): result = first.map { $0 < 0 ? 0 &- $0 : $0 }
    case (_, 2):
      guard let second = operand(inputs[1], type, \.integers) else { return nil }
      switch operation {
      case "Add": result = zip(first, second).map { $0 &+ $1 }
      case "Sub": result = zip(first, second).map { $0 &- $1 }
      case "Mul": result = zip(first, second).map { $0 &* $1 }
      case "Div":
        guard !second.contains(0) else { return nil }
        result = zip(first, second).map { $0.dividedReportingOverflow(by: $1).partialValue }
      case "Min": result = zip(first, second).map { min($0, $1) }
      case "Max": result = zip(first, second).map { max($0, $1) }
      case "Mod":
        guard !second.contains(where: { $0 == 0 || $0 == -1 }) else { return nil }
        // The sign is the divisor's.
        result = zip(first, second).map { ($0 % $1 &+ $1) % $1 }
      case "Equal": result = zip(first, second).map { $0 == $1 ? 1 : 0 }
      case "Greater": result = zip(first, second).map { $0 > $1 ? 1 : 0 }
      case "Less": result = zip(first, second).map { $0 < $1 ? 1 : 0 }
      default: return nil
      }
    default: return nil
    }
    return TensorData(integers: result, shape: type.shape).cast(to: type.elementType)
  }

  private static func floats(_ operation: String, _ inputs: [TensorData], _ type: TensorType) -> TensorData? {
    guard let first = operand(inputs[0], type, { $0.floats }) else { return nil }
    var result: [Float]
    switch (operation, inputs.count) {
    case ("Neg", 1): result = first.map { -$0 }
    case ("Abs", 1): result = first.map { abs($0) }
    case ("Floor", 1): result = first.map { $0.rounded(.down) }
    case ("Ceil", 1): result = first.map { $0.rounded(.up) }
    case ("Round", 1): result = first.map { $0.rounded(.toNearestOrEven) }
    case ("Sqrt", 1): result = first.map { $0.squareRoot() }
    case ("Reciprocal", 1): result = first.map { 1 / $0 }
    case ("Exp", 1): result = first.map { exp($0) }
    case ("Log", 1): result = first.map { log($0) }
    case (_, 2):
      guard let second = operand(inputs[1], type, { $0.floats }) else { return nil }
      switch operation {
      case "Add": result = zip(first, second).map { $0 + $1 }
      case "Sub": result = zip(first, second).map { $0 - $1 }
      case "Mul": result = zip(first, second).map { $0 * $1 }
      case "Div": result = zip(first, second).map { $0 / $1 }
      case "Min": result = zip(first, second).map { min($0, $1) }
      case "Max": result = zip(first, second).map { max($0, $1) }
      case "Pow": result = zip(first, second).map { pow($0, $1) }
      default: return nil
      }
    default: return nil
    }
    return TensorData(floats: result, shape: type.shape)
  }

  private static func selection(_ inputs: [TensorData], _ type: TensorType) -> TensorData? {
    guard inputs.count == 3, inputs[1].elementType == inputs[2].elementType,
      let condition = operand(inputs[0], type, \.integers),
      let yes = view(inputs[1], type), let no = view(inputs[2], type)
    else { return nil }
    let size = type.elementType.size
    var bytes: [UInt8] = []
    for (index, chosen) in condition.enumerated() {
      let source = chosen != 0 ? yes : no
      bytes.append(contentsOf: source.bytes[index * size..<(index + 1) * size])
    }
    return TensorData(elementType: type.elementType, shape: type.shape, bytes: bytes)
  }

  private static func operand<Value>(
    _ tensor: TensorData, _ type: TensorType, _ values: (TensorData) -> [Value]?
  ) -> [Value]? {
    view(tensor, type).flatMap(values)
  }

  private static func view(_ tensor: TensorData, _ type: TensorType) -> TensorData? {
    tensor.shape == type.shape
      ? tensor : StridedView(of: tensor.shape).broadcast(to: type.shape).map { tensor.viewed($0) }
  }
}
