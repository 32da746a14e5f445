import RoadBase
import RoadSink
import RoadTelemetry

/// What a stage of the pipeline is at.
enum StageActivity: String {
  case notStarted = "not started"
  case reading = "reading the source"
  case waitingForSlot = "waiting for the next stage to take a frame"
  case waitingForFrame = "waiting for a frame"
  case decoding
  case segmenting = "in the network"
  case drawing
  case output = "giving a frame to the sinks"
  case ended
}

/// What each stage is at, and since when.
struct StageActivities {
  enum Stage { case capture, infer, draw }

  struct Entry {
    var activity = StageActivity.notStarted
    var since: UInt64 = 0
  }

  private(set) var capture = Entry()
  private(set) var infer = Entry()
  private(set) var draw = Entry()

  mutating func note(_ stage: Stage, _ activity: StageActivity, _ now: UInt64) {
    let entry = Entry(activity: activity, since: now)
    switch stage {
    case .capture: capture = entry
    case .infer: infer = entry
    case .draw: draw = entry
    }
  }
}

extension Pipeline {
  /// Why the source ended before its end; nil where it did not.
  public var sourceFailure: RoadError? { source.failure }

  /// What each stage is doing and for how long, what waits between them, how the sinks do: for somebody who asks why
  /// nothing moves.
  public var stateReport: String {
    let (now, activities, statistics) = (MonotonicClock.now(), telemetry.stageActivities, statistics())
    func line(_ name: String, _ entry: StageActivities.Entry) -> String {
      guard entry.since > 0 else { return "  \(name): \(entry.activity.rawValue)" }
      return "  \(name): \(entry.activity.rawValue) for \((now - min(entry.since, now)) / 1_000_000) ms"
    }
    var lines = ["source: \(properties.name), video \(statistics.video)", "stages:"]
    lines += [line("capture", activities.capture), line("infer", activities.infer), line("draw", activities.draw)]
    lines.append("frames waiting: \(captured.waiting) for the network, \(inferred.waiting) to be drawn")
    lines.append("frames: \(statistics.ledger.entered), on the way \(statistics.ledger.inFlight)")
    for sink in statistics.sinks {
      lines.append("sink \(sink.name): \(sink.health.key), \(sink.waitingBytes) of \(sink.capacityBytes) bytes waiting")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
