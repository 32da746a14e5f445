import RoadBase
import RoadEngine
import RoadFloat
import RoadModel

/// What each tensor of a quantized graph costs the integer engine.
enum LayerTimes {
  /// Median milliseconds by the name of the tensor in the float model, one thread, every layer by itself.
  static func measure(_ quantized: ModelGraph, runs: Int = 9) throws(RoadError) -> [String: Double] {
    let engine = try Engine(model: quantized, options: EngineOptions(threads: 1, fusesLayers: false))
    var names: [String] = []
    engine.run { name, _ in names.append(name) }
    engine.timesLayers = true
    let times = (0..<runs).map { _ in
      engine.run()
      return engine.layerNanoseconds
    }
    var milliseconds: [String: Double] = [:]
    for (layer, name) in names.enumerated() {
      let median = times.map { $0[layer] }.sorted()[runs / 2]
      let tensor = name.hasSuffix("_quantized") ? String(name.dropLast("_quantized".count)) : name
      milliseconds[tensor] = Double(median) / 1e6
    }
    return milliseconds
  }
}

extension LayerReport {
  /// The comparison of every layer, with its time and with what it alone does to the scores.
  ///
  /// - Parameters:
  ///   - pictures: network inputs, 1, 3, H, W; sensitivity takes the first two.
  ///   - progress: called with the sensitivities done, out of all.
  public static func full(
    float: ModelGraph, quantized: ModelGraph, pictures: [FloatTensor], progress: (Int, Int) -> Void = { _, _ in }
  ) throws(RoadError) -> [LayerReport] {
    let times = try LayerTimes.measure(quantized)
    let sensitivity = LayerSensitivity(float: float, quantized: quantized)
    let decibels = try sensitivity.measure(pictures: Array(pictures.prefix(2)), progress: progress)
    var reports = try compare(float: float, quantized: quantized, pictures: pictures)
    for index in reports.indices {
      reports[index].milliseconds = times[reports[index].name]
      reports[index].scoresSignalToNoise = decibels[reports[index].name]
    }
    return reports
  }
}
