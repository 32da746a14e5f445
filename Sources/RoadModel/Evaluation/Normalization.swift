import RoadBase

/// Mean 0 and variance 1 of what lies together, then gains and offsets.
enum NormalizationOperators {
  /// Every plane by itself.
  static func instance(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    var output = try call.floats(0)
    let (gains, offsets) = (try call.floats(1).values, try call.floats(2).values)
    guard output.shape.count >= 3, gains.count == output.shape[1], offsets.count == output.shape[1] else {
      throw call.failure("\(gains.count) scales and \(offsets.count) offsets for an input of shape \(output.shape)")
    }
    let (channels, area) = (output.shape[1], output.shape[2...].reduce(1, *))
    let epsilon = Double(call.float("epsilon", default: 1e-5))
    standardize(&output, count: area, epsilon) { run, _ in
      (Double(gains[run % channels]), Double(offsets[run % channels]))
    }
    return [.floats(output)]
  }

  /// The axes from the one named on, a gain and an offset for each of their numbers.
  static func layer(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    var output = try call.floats(0)
    let axis = try call.axis(call.integer("axis", default: -1), rank: output.shape.count)
    let count = output.shape[axis...].reduce(1, *)
    let gains = try call.floats(1).values
    let offsets = call.node.input(2) == nil ? [Float](repeating: 0, count: count) : try call.floats(2).values
    guard gains.count == count, offsets.count == count else {
      throw call.failure("\(gains.count) scales and \(offsets.count) offsets for \(count) numbers")
    }
    let shape = output.shape.indices.map { $0 < axis ? output.shape[$0] : 1 }
    let statistics = standardize(&output, count: count, Double(call.float("epsilon", default: 1e-5))) { _, index in
      (Double(gains[index]), Double(offsets[index]))
    }
    return [
      .floats(output), .floats(FloatTensor(shape: shape, values: statistics.map(\.mean))),
      .floats(FloatTensor(shape: shape, values: statistics.map(\.inverse))),
    ]
  }

  /// - Parameter affine: gain and offset of a run of `count` numbers and an index in it.
  /// - Returns: each run's mean and the inverse of its standard deviation.
  @discardableResult
  private static func standardize(
    _ tensor: inout FloatTensor, count: Int, _ epsilon: Double,
    _ affine: (_ run: Int, _ index: Int) -> (gain: Double, offset: Double)
  ) -> [(mean: Float, inverse: Float)] {
    guard count > 0 else { return [] }
    var statistics: [(mean: Float, inverse: Float)] = []
    for run in 0..<tensor.values.count / count {
      let range = run * count..<(run + 1) * count
      // Sums of a whole plane lose digits in 32 bits.
      let mean = tensor.values[range].reduce(0) { $0 + Double($1) } / Double(count)
      let variance = tensor.values[range].reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
      let inverse = 1 / (variance + epsilon).squareRoot()
      statistics.append((Float(mean), Float(inverse)))
      for index in 0..<count {
        let (gain, offset) = affine(run, index)
        let value = Double(tensor.values[range.lowerBound + index])
        tensor.values[range.lowerBound + index] = Float((value - mean) * inverse * gain + offset)
      }
    }
    return statistics
  }
}
