import RoadBase

/// QuantizeLinear and DequantizeLinear, with the bytes kept as floats: a QDQ model then runs as its own float oracle.
enum QuantizationOperators {
  static func quantize(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    let (scales, zeroPoints) = try parameters(call)
    let range = try range(call)
    let inner = try innerCount(call, shape: input.shape, count: scales.count)
    var output = input
    output.values.withUnsafeMutableBufferPointer { values in
      forEachRun(of: values, inner) { run, block in
        let (scale, zeroPoint) = (scales[block % scales.count], zeroPoints[block % scales.count])
        let (low, high) = (range.lowerBound - zeroPoint, range.upperBound - zeroPoint)
        for i in run.indices {
          let steps = run[i] / scale
          let within = steps < low ? low : steps > high ? high : steps
          // Adding 1.5 · 2^23 leaves no bits for a fraction: round to nearest, ties to even, without a call.
          run[i] = (within + 0x1.8p23) - 0x1.8p23 + zeroPoint
        }
      }
    }
    return [.floats(output)]
  }

  static func dequantize(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    let (scales, zeroPoints) = try parameters(call)
    let inner = try innerCount(call, shape: input.shape, count: scales.count)
    var output = input
    output.values.withUnsafeMutableBufferPointer { values in
      forEachRun(of: values, inner) { run, block in
        let (scale, zeroPoint) = (scales[block % scales.count], zeroPoints[block % scales.count])
        for i in run.indices { run[i] = (run[i] - zeroPoint) * scale }
      }
    }
    return [.floats(output)]
  }

  /// Numbers with one scale that lie side by side, one run after the other.
  private static func forEachRun(
    of values: UnsafeMutableBufferPointer<Float>, _ inner: Int,
    _ body: (_ run: UnsafeMutableBufferPointer<Float>, _ block: Int) -> Void
  ) {
    for block in 0..<(inner > 0 ? values.count / inner : 0) {
      body(UnsafeMutableBufferPointer(rebasing: values[block * inner..<(block + 1) * inner]), block)
    }
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

  /// How many numbers side by side have one scale.
  private static func innerCount(_ call: OperatorCall, shape: [Int], count: Int) throws(RoadError) -> Int {
    if count == 1 { return shape.reduce(1, *) }
    let axis = try call.axis(call.integer("axis", default: 1), rank: shape.count)
    guard shape[axis] == count else { throw call.failure("\(count) scales for axis \(axis) of shape \(shape)") }
    return shape[(axis + 1)...].reduce(1, *)
  }
}
