import Dispatch
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
    let layout = ChannelLayout(shape: weights.shape, axis: channelAxis)
    var values = [Int8](repeating: 0, count: weights.values.count)
    var scales = [Float](repeating: 1, count: layout.channels)
    weights.values.withUnsafeBufferPointer { source in
      values.withUnsafeMutableBufferPointer { values in
        scales.withUnsafeMutableBufferPointer { scales in
          let (source, scales) = (UncheckedBuffer(base: source), UncheckedBuffer(base: scales))
          let target = UncheckedBuffer(base: values)
          // Each channel writes its own places alone.
          DispatchQueue.concurrentPerform(iterations: layout.channels) { channel in
            let row = layout.runs(of: channel).flatMap { source.base[$0] }
            let scale = Self.scale(of: row, search: search)
            scales.base[channel] = scale
            var next = 0
            for place in layout.runs(of: channel).joined() {
              target.base[place] = Self.quantize(row[next], scale)
              next += 1
            }
          }
        }
      }
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
      let error = squaredError(of: row, scale)
      if error < best.error { best = (scale, error) }
    }
    return best.scale
  }

  /// Of all weights that a scale rounds, eight at a time.
  private static func squaredError(of row: [Float], _ scale: Float) -> Double {
    // Added and taken off again, it rounds what is within ±2^22 to nearest, ties to even.
    let rounder = SIMD8<Float>(repeating: 0x1.8p23)
    let end = SIMD8<Float>(repeating: 127)
    let scales = SIMD8<Float>(repeating: scale)
    var sums = SIMD8<Double>.zero
    row.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: row.count, by: 8) {
        var weights = SIMD8<Float>.zero
        if start + 8 <= row.count {
          weights = bytes.loadUnaligned(fromByteOffset: 4 * start, as: SIMD8<Float>.self)
        } else {
          for lane in 0..<(row.count - start) { weights[lane] = row[start + lane] }
        }
        let rounded = ((weights / scales + rounder) - rounder).clamped(lowerBound: -end, upperBound: end)
        let difference = SIMD8<Double>(weights - rounded * scales)
        sums += difference * difference
      }
    }
    return sums.sum()
  }

  /// The weights that the bytes stand for.
  func dequantized(channelAxis: Int) -> FloatTensor {
    let layout = ChannelLayout(shape: shape, axis: channelAxis)
    var floats = [Float](repeating: 0, count: values.count)
    for channel in 0..<layout.channels {
      let scale = scales[channel]
      for run in layout.runs(of: channel) { for place in run { floats[place] = Float(values[place]) * scale } }
    }
    return FloatTensor(shape: shape, values: floats)
  }
}

/// Where the weights of one channel lie.
private struct ChannelLayout {
  let channels: Int
  private let inner: Int
  private let outer: Int

  init(shape: [Int], axis: Int) {
    channels = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
    outer = shape[..<axis].reduce(1, *)
  }

  func runs(of channel: Int) -> some Sequence<Range<Int>> {
    let (channels, inner) = (channels, inner)
    return (0..<outer).lazy.map {
      let start = ($0 * channels + channel) * inner
      return start..<(start + inner)
    }
  }
}

/// Shared by threads that write different places.
private struct UncheckedBuffer<Buffer>: @unchecked Sendable {
  let base: Buffer
}
