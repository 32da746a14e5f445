import RoadBase
import RoadTelemetry

/// Says on standard error where a sink writes to and when it begins to fail or works again: once for each change,
/// however long it lasts.
final class SinkNotes {
  private struct Known {
    var destination: String?
    var health: String
    var troubleSince: UInt64?
    var restarts = 0
  }
  private var known: [Known] = []

  func say(_ sinks: [SinkStatistics]) {
    for (index, sink) in sinks.enumerated() {
      if index == known.count { known.append(Known(health: SinkHealth.starting.key)) }
      if let destination = sink.destination, destination != known[index].destination {
        Terminal.say("roadseg: \(sink.name): writing to \(destination)")
        known[index].destination = destination
      }
      // Mended between two looks.
      if sink.restarts > known[index].restarts, sink.health == .ok, known[index].troubleSince == nil {
        Terminal.say("roadseg: \(sink.name): failed and works again: \(sink.lastError?.cause ?? "started anew")")
      }
      known[index].restarts = sink.restarts
      if sink.health.key != known[index].health { change(of: sink, index) }
    }
  }

  private func change(of sink: SinkStatistics, _ index: Int) {
    switch sink.health {
    case .failing(let since, let reason):
      Terminal.say("roadseg: \(sink.name): failing, trying again: \(reason)")
      known[index].troubleSince = since
    case .stuck(let since):
      Terminal.say("roadseg: \(sink.name): hangs in one write")
      known[index].troubleSince = since
    case .ok:
      if let since = known[index].troubleSince {
        let seconds = Format.fixed(Double(MonotonicClock.now() - since) / 1e9, 1)
        Terminal.say("roadseg: \(sink.name): works again after \(seconds) s; \(sink.total.missed) frames are missing")
      }
      known[index].troubleSince = nil
    case .starting, .stopped: break
    }
    known[index].health = sink.health.key
  }
}
