import RoadBase

/// InstanceNormalization: every plane by its own mean and variance.
enum NormalizationOperators {
  static func instance(_ call: OperatorCall) throws(RoadError) -> [Value] {
    var output = try call.floats(0)
    let (gains, offsets) = (try call.floats(1).values, try call.floats(2).values)
    guard output.shape.count >= 3, gains.count == output.shape[1], offsets.count == output.shape[1] else {
      throw call.failure("\(gains.count) scales and \(offsets.count) offsets for an input of shape \(output.shape)")
    }
    let epsilon = Double(call.float("epsilon", default: 1e-5))
    let area = output.shape[2...].reduce(1, *)
    for plane in 0..<output.shape[0] * output.shape[1] {
      let range = plane * area..<(plane + 1) * area
      // Sums of a whole plane lose digits in 32 bits.
      let mean = output.values[range].reduce(0) { $0 + Double($1) } / Double(area)
      let variance = output.values[range].reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(area)
      let gain = Double(gains[plane % output.shape[1]]) / (variance + epsilon).squareRoot()
      let offset = Double(offsets[plane % output.shape[1]])
      for index in range { output.values[index] = Float((Double(output.values[index]) - mean) * gain + offset) }
    }
    return [.floats(output)]
  }
}
