import RoadBase
import RoadFloat
import RoadModel

/// One convolution's weights as int8, symmetric, one scale an output channel.
struct QuantizedWeights {
  let values: [Int8]
  let scales: [Float]
  let shape: [Int]

  /// - Parameters:
  ///   - weights: O, I/groups, H, W (or I, O/groups, H, W for a transposed convolution with `channelAxis` 1).
  ///   - search: tries scales below the largest weight's and keeps the one with the least squared error.
  init(_ weights: FloatTensor, channelAxis: Int, search: Bool) {
    shape = weights.shape
    let channels = weights.shape[channelAxis]
    let inner = weights.shape[(channelAxis + 1)...].reduce(1, *)
    var groups = [[Int]](repeating: [], count: channels)
    for index in weights.values.indices { groups[index / inner % channels].append(index) }
    var values = [Int8](repeating: 0, count: weights.values.count)
    var scales = [Float](repeating: 1, count: channels)
    for channel in 0..<channels {
      let row = groups[channel].map { weights.values[$0] }
      let scale = Self.scale(of: row, search: search)
      scales[channel] = scale
      for (index, weight) in zip(groups[channel], row) { values[index] = Self.quantize(weight, scale) }
    }
    self.values = values
    self.scales = scales
  }

  private static func quantize(_ weight: Float, _ scale: Float) -> Int8 {
    Int8(min(max((weight / scale).rounded(.toNearestOrEven), -127), 127))
  }

  private static func scale(of row: [Float], search: Bool) -> Float {
    let largest = row.reduce(0) { max($0, abs($1)) }
    // A dead channel: any scale represents it; this one keeps the bias's scale within int32.
    guard largest > 1e-8 else { return 1e-4 }
    let widest = largest / 127
    guard search else { return widest }
    var best = (scale: widest, error: Double.infinity)
    for step in 0..<24 {
      let scale = widest * (1 - 0.02 * Float(step))
      let error = row.reduce(0.0) { sum, weight in
        let difference = Double(weight - Float(quantize(weight, scale)) * scale)
        return sum + difference * difference
      }
      if error < best.error { best = (scale, error) }
    }
    return best.scale
  }

  /// The weights that the bytes stand for.
  func dequantized(channelAxis: Int) -> FloatTensor {
    let inner = shape[(channelAxis + 1)...].reduce(1, *)
    let floats = values.indices.map { Float(values[$0]) * scales[$0 / inner % scales.count] }
    return FloatTensor(shape: shape, values: floats)
  }
}
