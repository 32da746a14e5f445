import RoadTelemetry

/// The figures as Prometheus reads them (text exposition format 0.0.4).
enum Metrics {
  static func text(_ statistics: PipelineStatistics, viewers: Int) -> String {
    var text = ""
    func family(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: Double)]) {
      text += "# HELP roadseg_\(name) \(help)\n# TYPE roadseg_\(name) \(kind)\n"
      for sample in samples {
        let labels = sample.labels.isEmpty ? "" : "{\(sample.labels)}"
        text += "roadseg_\(name)\(labels) \(sample.value.isNaN ? "NaN" : "\(sample.value)")\n"
      }
    }
    family(
      "frames_total", "counter", "Frame numbers by what became of them.",
      FrameFate.allCases.map { ("fate=\"\($0.key)\"", Double(statistics.ledger[$0])) })
    family(
      "frames_in_flight", "gauge", "Frames on their way through the pipeline.",
      [("", Double(statistics.ledger.inFlight))])
    let rates: [(String, Double?)] = [
      ("camera", statistics.rates.camera), ("delivered", statistics.rates.delivered),
      ("inferred", statistics.rates.inferred), ("shown", statistics.rates.shown),
    ]
    family(
      "frames_per_second", "gauge", "Rates over the last two seconds.",
      rates.map { ("rate=\"\($0)\"", $1 ?? .nan) })
    family(
      "video_flowing", "gauge", "1 while frames come.", [("", statistics.video == .flowing ? 1 : 0)])
    family(
      "seconds_without_frame", "gauge", "Since the last frame came.", [("", Double(statistics.silence) / 1e9)])
    family(
      "latency_seconds", "gauge", "From capture to the drawn picture, since the start.",
      quantiles(statistics.latency))
    family(
      "stage_seconds", "gauge", "Time of each stage, since the start.",
      PipelineStage.allCases.flatMap { stage in
        quantiles(statistics[stage]).map { ("stage=\"\(stage.key)\",\($0.labels)", $0.value) }
      })
    family(
      "sink_latency_seconds", "gauge", "From capture until a sink has done its work, since the start.",
      statistics.sinks.flatMap { sink in
        quantiles(sink.latency).map { ("sink=\"\(label(sink.name))\",\($0.labels)", $0.value) }
      })
    if let state = statistics.degrade {
      family("degrade_level", "gauge", "0: nothing is taken away to keep the budget.", [("", Double(state.level))])
      family(
        "late_frames_total", "counter", "Frames shown later than the budget.", [("", Double(state.missed))])
    }
    family("uptime_seconds", "counter", "Since the start.", [("", Double(statistics.elapsed) / 1e9)])
    family("resident_memory_bytes", "gauge", "Of the process.", [("", Double(statistics.usage.residentBytes))])
    family(
      "processor_seconds_total", "counter", "That the process computed.",
      [("", Double(statistics.usage.processorNanoseconds) / 1e9)])
    family("viewers", "gauge", "Who watch the page's pictures.", [("", Double(viewers))])
    return text
  }

  private static func label(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
  }

  private static func quantiles(_ summary: LatencySummary) -> [(labels: String, value: Double)] {
    guard summary.count > 0 else { return [] }
    return [
      ("0.5", summary.p50), ("0.9", summary.p90), ("0.99", summary.p99), ("0.999", summary.p999),
      ("1", summary.maximum),
    ]
    .map { ("quantile=\"\($0)\"", Double($1) / 1e9) }
  }
}
