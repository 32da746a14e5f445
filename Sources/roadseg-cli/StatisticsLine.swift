import Foundation
import RoadBase
import RoadTelemetry

/// The live statistics as one line for people:
///
///     fps camera 30.0 delivered 30.0 inferred 30.0 shown 30.0 |
///     latency (last minute) p50 8.1 p99 9.9 ms | shown 289 of 300, …
enum StatisticsLine {
  static func text(_ statistics: PipelineStatistics) -> String {
    var parts = [rates(statistics.rates), latency(statistics.recentLatency), ledger(statistics.ledger)]
    if let state = statistics.degrade, state.level > 0 {
      parts.append("level \(state.level): \(state.levels[state.level])")
    }
    if let trouble = trouble(statistics) { parts.append(trouble) }
    parts += statistics.sinks.compactMap(trouble)
    return parts.joined(separator: " | ")
  }

  static func rates(_ rates: FrameRates) -> String {
    let named: [(String, Double?)] = [
      ("camera", rates.camera), ("delivered", rates.delivered), ("inferred", rates.inferred), ("shown", rates.shown),
    ]
    return "fps " + named.map { "\($0) \($1.map { String(format: "%.1f", $0) } ?? "-")" }.joined(separator: " ")
  }

  static func latency(_ latency: LatencySummary) -> String {
    guard latency.count > 0 else { return "latency -" }
    return String(
      format: "latency (last minute) p50 %.1f p99 %.1f ms", Double(latency.p50) / 1e6, Double(latency.p99) / 1e6)
  }

  /// "shown 289 of 300, superseded 11": the bins that hold anything.
  static func ledger(_ ledger: LedgerCounts) -> String {
    var parts = ["shown \(ledger[.shown]) of \(ledger.entered)"]
    for fate in FrameFate.allCases where fate != .shown && ledger[fate] > 0 {
      parts.append("\(fate.words) \(ledger[fate])")
    }
    if ledger.inFlight > 0 { parts.append("on the way \(ledger.inFlight)") }
    return parts.joined(separator: ", ")
  }

  static func trouble(_ statistics: PipelineStatistics) -> String? {
    let seconds = String(format: "%.0f s", Double(statistics.silence) / 1e9)
    let reason = statistics.video.reasonForNoVideo(unusable: statistics.unusable)
    return reason.map { "NO VIDEO for \(seconds): \($0)" }
      ?? (statistics.video == .starting ? "waiting for the first frame" : nil)
  }

  /// "overlays: 280 of 300, too much memory 20"
  static func tally(_ sink: SinkStatistics) -> String {
    let counts = sink.total
    let missed = [
      ("superseded", counts.superseded), ("too much memory", counts.tooMuchMemory), ("unfinished", counts.unfinished),
    ]
    let failed = SinkFailure.allCases.map { ("failed: \($0.words)", counts[$0]) }
    let bins = (missed + failed).filter { $0.1 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
    return "\(sink.name): \(counts.delivered) of \(counts.offered)\(bins)"
  }

  /// What is wrong with a sink, or what it has missed.
  static func trouble(_ sink: SinkStatistics) -> String? {
    let tally = tally(sink)
    let now = MonotonicClock.now()
    func seconds(_ since: UInt64) -> String { String(format: "%.0f s", Double(now - min(since, now)) / 1e9) }
    return switch sink.health {
    case .failing(let since, let reason): "\(tally): FAILING for \(seconds(since)): \(reason)"
    case .stuck(let since): "\(tally): STUCK for \(seconds(since))"
    case .starting: "\(sink.name): not started yet"
    case .ok, .stopped: sink.total.missed == 0 ? nil : tally
    }
  }
}

extension StatisticsLine {
  /// What is printed at the end: the last line, and where the time of a frame went.
  static func summary(_ statistics: PipelineStatistics) -> String {
    var times: [(name: String, summary: LatencySummary)] = PipelineStage.allCases.map { ($0.words, statistics[$0]) }
    times.append(("capture to overlay", statistics.latency))
    times.append(("capture to overlay, last minute", statistics.recentLatency))
    func milliseconds(_ nanoseconds: UInt64) -> String { Format.fixed(Double(nanoseconds) / 1e6, 2) }
    for sink in statistics.sinks {
      times.append((sink.name, sink.work))
      times.append(("capture to \(sink.name)", sink.latency))
    }
    var rows = [["since the start", "p50 ms", "p90", "p99", "p99.9", "max"]]
    for (name, summary) in times where summary.count > 0 {
      let numbers = [summary.p50, summary.p90, summary.p99, summary.p999, summary.maximum]
      rows.append([name] + numbers.map { milliseconds($0) })
    }
    let seconds = Format.fixed(Double(statistics.elapsed) / 1e9, 1)
    let budget = statistics.degrade.map { "\n\($0.summary)" } ?? ""
    let sinks = statistics.sinks.map { "\n\(tally($0))\($0.destination.map { " in \($0)" } ?? "")" }.joined()
    let frames = "\(ledger(statistics.ledger))\(sinks)\(budget)"
    return "\(seconds) s: \(rates(statistics.rates))\nframes: \(frames)\n\(Format.table(rows))"
  }
}

extension DegradeState {
  /// "budget 80 ms: 2 shown late, 5 dropped early, 40 for the lower rate; 2 steps, now at level 1 (half rate)"
  fileprivate var summary: String {
    let limit = Format.fixed(Double(budget) / 1e6, budget % 1_000_000 == 0 ? 0 : 1)
    let frames = "\(missed) shown late, \(droppedLate) dropped early, \(droppedForRate) for the lower rate"
    return "budget \(limit) ms: \(frames); \(stepCount) steps, now at level \(level) (\(levels[level]))"
  }
}
