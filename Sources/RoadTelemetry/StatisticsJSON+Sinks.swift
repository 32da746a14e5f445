import RoadBase

extension StatisticsJSON {
  /// `offered` is the sum of the bins and of what is waiting.
  struct Sink: Encodable {
    let name: String
    @Nullable var destination: String?
    /// "starting", "ok", "stuck", "failing" or "stopped".
    let health: String
    /// Since when it is stuck or failing; null where all is well.
    @Nullable var troubleSeconds: Double?
    @Nullable var reason: String?
    let restarts: Int
    let waitingBytes: Int
    let capacityBytes: Int
    let captured: Counts
    let shown: Counts
    /// Of one shown frame: the sink's work, and capture until it was done.
    let workMs: Latency
    let latencyMs: Latency

    init(_ sink: SinkStatistics) {
      name = sink.name
      destination = sink.destination
      health = sink.health.key
      restarts = sink.restarts
      waitingBytes = sink.waitingBytes
      capacityBytes = sink.capacityBytes
      captured = Counts(sink.captured)
      shown = Counts(sink.shown)
      workMs = Latency(sink.work)
      latencyMs = Latency(sink.latency)
      let now = MonotonicClock.now()
      switch sink.health {
      case .failing(let since, let reason):
        self.reason = reason
        troubleSeconds = (Double(now - min(since, now)) / 1e9).rounded(toDecimals: 3)
      case .stuck(let since): troubleSeconds = (Double(now - min(since, now)) / 1e9).rounded(toDecimals: 3)
      case .starting, .ok, .stopped: break
      }
    }
  }

  struct Counts: Encodable {
    let offered: Int
    let delivered: Int
    let superseded: Int
    let tooMuchMemory: Int
    let failed: Int
    /// The failed ones by reason, those reasons only that occurred.
    let failures: [String: Int]
    let unfinished: Int
    let waiting: Int

    init(_ counts: SinkCounts) {
      offered = counts.offered
      delivered = counts.delivered
      superseded = counts.superseded
      tooMuchMemory = counts.tooMuchMemory
      failed = counts.failed
      failures = Dictionary(
        uniqueKeysWithValues: SinkFailure.allCases.filter { counts[$0] > 0 }.map { ($0.key, counts[$0]) })
      unfinished = counts.unfinished
      waiting = counts.waiting
    }
  }
}
