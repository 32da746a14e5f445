import RoadBase
import RoadModel

/// A bias in units of the accumulator: `units + rests`, an entry for each output channel.
struct AccumulatorBias {
  var units: [Int]
  /// −1/2...1/2: what the requantization's rounding adds.
  var rests: [Double]
}

extension WeightTensor {
  /// An int32 bias with the expected scale is taken as it is; one with another scale, or of floats, has a rest.
  ///
  /// - Parameters:
  ///   - scales: real units of the accumulator, one an output channel.
  ///   - rounding: with fine multipliers the bias is a real number; else it is rounded to the nearest unit, ties to
  ///     even, without a rest.
  func accumulatorBias(
    _ constant: ConstantTensor?, scales: [Double], limit: Int, _ rounding: RoundingContract
  ) throws(RoadError) -> AccumulatorBias {
    let zeros = [Double](repeating: 0, count: outputs)
    guard let constant else { return AccumulatorBias(units: zeros.map { Int($0) }, rests: zeros) }
    guard constant.data.count == outputs else {
      throw RoadError(.model, "\(constant.data.count) biases for \(outputs) output channels")
    }
    if let integers = constant.data.integers, let own = constant.scale, own.zeroPoints.allSatisfy({ $0 == 0 }) {
      let matches = scales.indices.allSatisfy { abs(Double(own.scale($0)) / scales[$0] - 1) < 1e-5 }
      if matches, integers.allSatisfy({ (-limit...limit).contains($0) }) {
        return AccumulatorBias(units: integers, rests: zeros)
      }
    }
    var result = AccumulatorBias(units: [], rests: [])
    for (channel, real) in constant.reals.enumerated() {
      let exact = Double(real) / scales[channel]
      let units = exact.rounded(.toNearestOrEven)
      guard abs(units) < Double(limit) else {
        throw RoadError(.model, "the bias \(real) of output channel \(channel) overflows its accumulator")
      }
      result.units.append(Int(units))
      result.rests.append(rounding.hasFineMultipliers ? exact - units : 0)
    }
    return result
  }
}
