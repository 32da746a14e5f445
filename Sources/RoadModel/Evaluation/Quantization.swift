import RoadBase

/// QuantizeLinear and DequantizeLinear, with the bytes kept as floats: a QDQ model then runs as its own float oracle.
enum QuantizationOperators {
  static func quantize(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    let (scales, zeroPoints) = try parameters(call)
    let range = try range(call)
    let index = try channelIndex(call, shape: input.shape, count: scales.count)
    var output = input
    for i in input.values.indices {
      let c = index(i)
      let steps = (input.values[i] / scales[c]).rounded(.toNearestOrEven) + zeroPoints[c]
      output.values[i] = min(max(steps, range.lowerBound), range.upperBound)
    }
    return [.floats(output)]
  }

  static func dequantize(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    let (scales, zeroPoints) = try parameters(call)
    let index = try channelIndex(call, shape: input.shape, count: scales.count)
    var output = input
    for i in input.values.indices {
      let c = index(i)
      output.values[i] = (input.values[i] - zeroPoints[c]) * scales[c]
    }
    return [.floats(output)]
  }

  private static func parameters(_ call: OperatorCall) throws(RoadError) -> ([Float], [Float]) {
    let scales = try call.floats(1).values
    let zeroPoints = call.has(2) ? try call.floats(2).values : [Float](repeating: 0, count: scales.count)
    guard !scales.isEmpty, scales.count == zeroPoints.count, scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw call.failure("\(scales.count) scales and \(zeroPoints.count) zero-points, or a scale that is not positive")
    }
    return (scales, zeroPoints)
  }

  /// The executor puts the zero-point's type into `output_dtype`: constants forget theirs.
  private static func range(_ call: OperatorCall) throws(RoadError) -> ClosedRange<Float> {
    switch ElementType(rawValue: call.integer("output_dtype", default: ElementType.uint8.rawValue)) {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    default: throw call.failure("an output type other than 8 or 16 bits")
    }
  }

  private static func channelIndex(_ call: OperatorCall, shape: [Int], count: Int) throws(RoadError) -> (Int) -> Int {
    if count == 1 { return { _ in 0 } }
    let axis = try call.axis(call.integer("axis", default: 1), rank: shape.count)
    guard shape[axis] == count else { throw call.failure("\(count) scales for axis \(axis) of shape \(shape)") }
    let inner = shape[(axis + 1)...].reduce(1, *)
    return { $0 / inner % count }
  }
}
