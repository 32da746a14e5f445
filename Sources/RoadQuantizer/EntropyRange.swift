import Glibc
import RoadBase

extension ActivationHistogram {
  /// The range whose 256 levels lose the least information: the smallest Kullback-Leibler divergence of the quantized
  /// distribution from the one seen (Migacz, "8-bit inference with TensorRT", 2017), searched over the same ranges as
  /// least squares.
  func leastDivergence(_ candidates: [(low: Float, high: Float)]) -> Quantization {
    var best = Self.quantization(minimum, maximum)
    var leastDivergence = Double.infinity
    let counts = countsWithoutZeros
    for (low, high) in candidates {
      let candidate = Self.quantization(low, high)
      let divergence = divergence(of: candidate, counts)
      if divergence < leastDivergence { (best, leastDivergence) = (candidate, divergence) }
    }
    return best
  }

  /// Σ p·ln(p / q). `p`: what was seen, everything outside the range counted into its ends. `q`: what was seen inside,
  /// each level's count spread evenly over the bins of the level that hold anything. Few values fill bins unevenly by
  /// chance alone, which looks like a loss of every wide range: the expected share of that, (bins − levels) / 2N, is
  /// taken off (Miller and Madow). Zeros, of which a ReLU makes half of all values, are exact in every range: their bin
  /// counts as its neighbours do.
  private func divergence(of quantization: Quantization, _ counts: [Double]) -> Double {
    let levels = counts.indices.map { Int(quantization.quantize(center($0))) }
    let (low, high) = (quantization.dequantize(0), quantization.dequantize(255))
    let inside = counts.indices.filter { center($0) >= low && center($0) <= high }
    guard let first = inside.first, let last = inside.last else { return .infinity }
    var seen = counts
    seen[first] += seen[..<first].reduce(0, +)
    seen[last] += seen[(last + 1)...].reduce(0, +)
    var level = [(count: Double, bins: Double)](repeating: (0, 0), count: 256)
    for bin in inside where counts[bin] > 0 {
      level[levels[bin]].count += counts[bin]
      level[levels[bin]].bins += 1
    }
    let total = seen[first...last].reduce(0, +)
    let kept = level.reduce(0) { $0 + $1.count }
    guard total > 0, kept > 0 else { return .infinity }
    let filled = (bins: level.reduce(0) { $0 + $1.bins }, levels: Double(level.count { $0.bins > 0 }))
    let byChance = (filled.bins - filled.levels) / (2 * total)
    return inside.reduce(-byChance) { sum, bin in
      let p = seen[bin] / total
      guard p > 0 else { return sum }
      // An end that holds nothing but what was clipped into it: as good as impossible, not infinitely wrong.
      let q = counts[bin] > 0 ? level[levels[bin]].count / level[levels[bin]].bins / kept : 1e-9
      return sum + p * log(p / q)
    }
  }

  private var countsWithoutZeros: [Double] {
    var counts = counts.map(Double.init)
    let zero = min(Int(-low / (high - low) * Float(Self.bins)), Self.bins - 1)
    let neighbours = [zero - 1, zero + 1].filter(counts.indices.contains)
    counts[zero] = neighbours.reduce(0) { $0 + counts[$1] } / Double(neighbours.count)
    return counts
  }
}
