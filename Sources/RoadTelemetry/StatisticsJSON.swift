/// The statistics as JSON, one shape for the command line, the page and recordings. It is documented in the README and
/// held by a snapshot test. Times in milliseconds, memory in bytes, rates in frames a second; what is unknown is null.
public struct StatisticsJSON: Encodable {
  let type: String
  let seconds: Double
  let video: String
  /// Why there is no picture although frames come; null else.
  @Nullable var videoReason: String?
  let secondsWithoutFrame: Double
  let fps: Rates
  /// Since the start.
  let latencyMs: Latency
  let latencyLastMinuteMs: Latency
  let stagesMs: [String: Latency]
  let ledger: Ledger
  let memoryBytes: UInt64
  let peakMemoryBytes: UInt64
  let processorSeconds: Double
  let heat: Heat
  /// Null without a budget.
  @Nullable var degrade: Degrade?
  /// Null where masks are the network's own.
  @Nullable var masks: Masks?
  /// Null before the first picture.
  @Nullable var picture: Picture?
  /// Null before the first frame.
  @Nullable var confidence: Confidence?
  /// Of the newest frame; null without a calibrated camera.
  @Nullable var metres: MetresJSON?
  let sinks: [Sink]

  /// - Parameter type: "statistics" for one a second, "summary" for the last.
  public init(_ statistics: PipelineStatistics, type: String) {
    self.type = type
    seconds = (Double(statistics.elapsed) / 1e9).rounded(toDecimals: 3)
    video = "\(statistics.video)"
    videoReason = statistics.unusable
    secondsWithoutFrame = (Double(statistics.silence) / 1e9).rounded(toDecimals: 3)
    fps = Rates(statistics.rates)
    latencyMs = Latency(statistics.latency)
    latencyLastMinuteMs = Latency(statistics.recentLatency)
    stagesMs = Dictionary(
      uniqueKeysWithValues: PipelineStage.allCases.map { ($0.key, Latency(statistics[$0])) })
    ledger = Ledger(statistics.ledger)
    memoryBytes = statistics.usage.residentBytes
    peakMemoryBytes = statistics.usage.peakResidentBytes
    processorSeconds = (Double(statistics.usage.processorNanoseconds) / 1e9).rounded(toDecimals: 3)
    heat = Heat(statistics.board)
    degrade = statistics.degrade.map(Degrade.init)
    masks = statistics.masks.map(Masks.init)
    picture = statistics.picture.map(Picture.init)
    confidence = statistics.confidence.map(Confidence.init)
    metres = statistics.metres
    sinks = statistics.sinks.map(Sink.init)
  }

  /// How the last picture that was looked at came to the network.
  struct Picture: Encodable {
    let health: String
    let luma: Int
    @Nullable var sharpness: Int?
    let glare: Double
    @Nullable var dirt: Double?
    let frames: HealthCounts

    init(_ state: PictureState) {
      (health, luma, sharpness) = (state.health, state.luma, state.sharpness)
      (glare, dirt, frames) = (state.glare, state.dirt, state.frames)
    }
  }

  struct Confidence: Encodable {
    @Nullable var road: Double?
    @Nullable var roadMean: Double?
    @Nullable var saturated: Double?
    @Nullable var usualSaturated: Double?
    @Nullable var usualRoad: Double?
    let drift: Bool
    let alarms: Int

    init(_ state: ConfidenceState) {
      road = state.road?.rounded(toDecimals: 1)
      roadMean = state.roadMean?.rounded(toDecimals: 1)
      saturated = state.saturated?.rounded(toDecimals: 5)
      usualRoad = state.usualRoad?.rounded(toDecimals: 1)
      usualSaturated = state.usual?.rounded(toDecimals: 5)
      (drift, alarms) = (state.isDrifting, state.alarms)
    }
  }

  /// What the kernel tells of the board; null where it does not.
  struct Heat: Encodable {
    @Nullable var celsius: Double?
    @Nullable var clockMhz: Double?
    @Nullable var throttled: Bool?
    @Nullable var underVoltage: Bool?

    init(_ board: BoardHealth) {
      celsius = board.celsius?.rounded(toDecimals: 1)
      clockMhz = board.clockMegahertz?.rounded(toDecimals: 0)
      throttled = board.isThrottled
      underVoltage = board.isUnderVoltage
    }
  }

  struct Rates: Encodable {
    @Nullable var camera: Double?
    @Nullable var delivered: Double?
    @Nullable var inferred: Double?
    @Nullable var shown: Double?

    init(_ rates: FrameRates) {
      camera = rates.camera?.rounded(toDecimals: 2)
      delivered = rates.delivered?.rounded(toDecimals: 2)
      inferred = rates.inferred?.rounded(toDecimals: 2)
      shown = rates.shown?.rounded(toDecimals: 2)
    }
  }

  struct Latency: Encodable {
    @Nullable var p50: Double?
    @Nullable var p90: Double?
    @Nullable var p99: Double?
    @Nullable var p999: Double?
    @Nullable var max: Double?
    let count: UInt64

    init(_ latency: LatencySummary) {
      count = latency.count
      guard latency.count > 0 else { return }
      p50 = (Double(latency.p50) / 1e6).rounded(toDecimals: 3)
      p90 = (Double(latency.p90) / 1e6).rounded(toDecimals: 3)
      p99 = (Double(latency.p99) / 1e6).rounded(toDecimals: 3)
      p999 = (Double(latency.p999) / 1e6).rounded(toDecimals: 3)
      max = (Double(latency.maximum) / 1e6).rounded(toDecimals: 3)
    }
  }

  /// `frames` is the sum of all others once the pipeline has ended: then `balances`.
  public struct Ledger: Encodable {
    let frames: Int
    let shown: Int
    let superseded: Int
    let drained: Int
    let lostInDriver: Int
    let driverError: Int
    let truncated: Int
    let undecodable: Int
    let wrongSize: Int
    let unfinished: Int
    let late: Int
    let inFlight: Int
    let balances: Bool

    public init(_ ledger: LedgerCounts) {
      frames = ledger.entered
      shown = ledger[.shown]
      superseded = ledger[.superseded]
      drained = ledger[.drained]
      lostInDriver = ledger[.lostInDriver]
      driverError = ledger[.driverError]
      truncated = ledger[.truncated]
      undecodable = ledger[.undecodable]
      wrongSize = ledger[.wrongSize]
      unfinished = ledger[.unfinished]
      late = ledger[.late]
      inFlight = ledger.inFlight
      balances = ledger.balances
    }
  }
}

extension Double {
  /// As many decimals as mean anything, so that the JSON stays readable.
  public func rounded(toDecimals decimals: Int) -> Double {
    var power = 1.0
    for _ in 0..<decimals { power *= 10 }
    return (self * power).rounded() / power
  }
}
