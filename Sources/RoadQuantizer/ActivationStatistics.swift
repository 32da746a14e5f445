import RoadBase
import RoadFloat
import RoadModel

/// What calibration sees of every tensor that will be quantized.
struct ActivationStatistics {
  private let scheme: QuantizationScheme
  private var histograms: [String: ActivationHistogram]
  /// Sums a channel and how many values went into each: for bias correction.
  private var sums: [String: (sums: [Double], count: Int)] = [:]
  private let convolutionInputs: Set<String>

  init(scheme: QuantizationScheme, graph: ModelGraph) {
    self.scheme = scheme
    histograms = Dictionary(uniqueKeysWithValues: scheme.tensors.map { ($0, ActivationHistogram()) })
    convolutionInputs = Set(scheme.convolutions.map { graph.nodes[$0].inputs[0] })
  }

  mutating func add(_ name: String, _ tensor: FloatTensor) {
    histograms[name]?.add(tensor.values)
    if convolutionInputs.contains(name), tensor.shape.count == 4 { addMeans(name, tensor) }
  }

  private mutating func addMeans(_ name: String, _ tensor: FloatTensor) {
    let channels = tensor.shape[1]
    let area = tensor.shape[2] * tensor.shape[3]
    var entry = sums[name] ?? ([Double](repeating: 0, count: channels), 0)
    for plane in 0..<tensor.shape[0] * channels {
      entry.sums[plane % channels] += Double(tensor.values[plane * area..<(plane + 1) * area].reduce(0, +))
    }
    entry.count += tensor.shape[0] * area
    sums[name] = entry
  }

  func channelMeans(of name: String) -> [Float]? {
    guard let entry = sums[name] else { return nil }
    let count = Double(max(entry.count, 1))
    return entry.sums.map { Float($0 / count) }
  }

  /// The quantization of every tensor; resizes, pools and views take that of their source.
  func quantizations(_ observer: ActivationObserver) -> [String: Quantization] {
    var chosen: [String: Quantization] = [:]
    for tensor in scheme.tensors {
      if let source = scheme.sharedWith[tensor], let quantization = chosen[source] {
        chosen[tensor] = quantization
      } else if let range = scheme.fixed[tensor] {
        chosen[tensor] = range
      } else if let histogram = histograms[tensor] {
        chosen[tensor] = histogram.quantization(scheme.unclipped.contains(tensor) ? .minMax : observer)
      }
    }
    return chosen
  }
}
