import RoadBase

/// How the range of an activation is chosen from what it was seen to hold.
public enum ActivationObserver: Hashable, Sendable {
  /// Everything seen is representable; one outlier costs every other value its resolution.
  case minMax
  /// Leaves out the given share of the values, half of it at each end: 0.9999 keeps all but one in ten thousand.
  case percentile(Double)
  /// The range with the smallest mean squared error of rounding and clipping together.
  case meanSquaredError
  /// The range whose levels keep the most information about the distribution.
  case entropy
}

/// What one activation tensor was seen to hold: its extremes, and a histogram that grows with them.
package struct ActivationHistogram: Sendable {
  package static let bins = 2048

  package private(set) var minimum: Float = 0
  package private(set) var maximum: Float = 0
  package private(set) var counts = [Int](repeating: 0, count: bins)
  /// What the bins span: at least from the minimum to the maximum.
  private(set) var low: Float = 0
  private(set) var high: Float = 0

  package init() {}

  /// What is larger counts as infinite, and what is infinite does not count: a byte has an end for it.
  private static let largest: Float = 1e30

  package mutating func add(_ values: [Float]) {
    widen(by: values)
    count(values)
  }

  /// Zero always lies between the extremes, since padding needs it.
  private mutating func widen(by values: [Float]) {
    let isFirst = maximum == minimum
    for value in values where abs(value) <= Self.largest {
      minimum = min(minimum, value)
      maximum = max(maximum, value)
    }
    guard minimum < low || maximum > high else { return }
    // Later pictures reach a little farther now and then: room for them saves most moves between bins.
    let room: Float = isFirst ? 0 : (maximum - minimum) / 16
    respan(from: minimum < low ? minimum - (minimum < 0 ? room : 0) : low, to: maximum > high ? maximum + room : high)
  }

  private mutating func respan(from newLow: Float, to newHigh: Float) {
    let (centers, before) = (counts.indices.map(center), counts)
    (low, high) = (newLow, newHigh)
    counts = [Int](repeating: 0, count: Self.bins)
    let perUnit = Double(Self.bins) / (Double(high) - Double(low))
    for (center, count) in zip(centers, before) where count > 0 { counts[bin(of: center, perUnit)] += count }
  }

  private func bin(of value: Float, _ perUnit: Double) -> Int {
    min(max(Int((Double(value) - Double(low)) * perUnit), 0), Self.bins - 1)
  }

  private mutating func count(_ values: [Float]) {
    // In double precision, which the widest range of floats does not leave.
    let (start, width) = (Double(low), Double(high) - Double(low))
    guard width > 0 else { return }
    let perUnit = Double(Self.bins) / width
    counts.withUnsafeMutableBufferPointer { counts in
      for value in values where abs(value) <= Self.largest {
        let bin = Int((Double(value) - start) * perUnit)
        counts[min(max(bin, 0), Self.bins - 1)] += 1
      }
    }
  }

  /// The bytes' meaning under an observer; never empty, always with zero inside.
  package func quantization(_ observer: ActivationObserver) -> Quantization {
    guard maximum > minimum else { return Quantization(scale: 1, zeroPoint: 0) }
    switch observer {
    case .minMax: return Self.quantization(minimum, maximum)
    case .percentile(let share):
      let (low, high) = percentileRange(share)
      return Self.quantization(low, high)
    case .meanSquaredError: return leastSquares()
    case .entropy: return leastDivergence(candidates)
    }
  }

  static func quantization(_ low: Float, _ high: Float) -> Quantization {
    let (low, high) = (min(low, 0), max(high, 0))
    let scale = max((high - low) / 255, 1e-12)
    return Quantization(scale: scale, zeroPoint: UInt8(min(max((-low / scale).rounded(), 0), 255)))
  }

  func center(_ bin: Int) -> Float {
    low + (Float(bin) + 0.5) * (high - low) / Float(Self.bins)
  }

  private func percentileRange(_ share: Double) -> (Float, Float) {
    let total = counts.reduce(0, +)
    let cut = Int((Double(total) * (1 - share) / (minimum < 0 ? 2 : 1)).rounded(.down))
    var (low, high) = (0, Self.bins - 1)
    var below = 0
    while minimum < 0, low < Self.bins - 1, below + counts[low] <= cut {
      below += counts[low]
      low += 1
    }
    var above = 0
    while high > low, above + counts[high] <= cut {
      above += counts[high]
      high -= 1
    }
    let step = (self.high - self.low) / Float(Self.bins)
    return (max(self.low + Float(low) * step, minimum), min(self.low + Float(high + 1) * step, maximum))
  }

  /// Ranges from the whole one down to a tenth of it, both ends shrunk alike or one alone.
  private var candidates: [(low: Float, high: Float)] {
    (4...40).reversed().flatMap { step in
      let shrink = Float(step) / 40
      return [
        (minimum * shrink, maximum * shrink), (minimum, maximum * shrink), (minimum * shrink, maximum),
      ]
    }
  }

  private func leastSquares() -> Quantization {
    var best = Self.quantization(minimum, maximum)
    var bestError = squaredError(of: best)
    for (low, high) in candidates {
      let candidate = Self.quantization(low, high)
      let error = squaredError(of: candidate)
      if error < bestError { (best, bestError) = (candidate, error) }
    }
    return best
  }

  private func squaredError(of quantization: Quantization) -> Double {
    var error = 0.0
    for bin in counts.indices where counts[bin] > 0 {
      let value = center(bin)
      let difference = Double(value - quantization.dequantize(quantization.quantize(value)))
      // Within a bin as wide as a step, rounding is uniform: step²/12 unless the value was clipped.
      let step = Double(quantization.scale)
      error += Double(counts[bin]) * max(difference * difference, abs(difference) <= step / 2 ? step * step / 12 : 0)
    }
    return error
  }
}
