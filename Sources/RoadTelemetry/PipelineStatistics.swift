/// The steps whose time is told apart.
public enum PipelineStage: Int, CaseIterable, Sendable {
  /// The kernel's time stamp to the frame in our memory: driver, queue, copy.
  case dequeue
  /// In our memory until the network's thread takes it.
  case wait
  /// Camera bytes to pixels.
  case decode
  /// Pixels to the network's input.
  case scale
  case network
  /// Scores to the class of every pixel.
  case classMap
  /// The class map made steady and clean, where that is asked for.
  case refine
  /// Mask, outline and panel over the picture.
  case draw
  /// All sinks.
  case output
}

/// Why there are frames, or none.
public enum VideoState: Int, CaseIterable, Sendable {
  case starting
  case flowing
  /// The source is there but sends nothing.
  case silent
  /// The device went away; the source looks for it.
  case disconnected
  /// Frames come, and none of them can be used.
  case unusable
  case ended
}

extension VideoState {
  /// Why nothing can be shown; nil while frames flow, before the first and after the last.
  ///
  /// - Parameter unusable: why frames cannot be used, where that is the state.
  public func reasonForNoVideo(unusable: String?) -> String? {
    switch self {
    case .disconnected: "the camera is gone; looking for it"
    case .silent: "the source sends no frames"
    case .unusable: "frames come, but none can be used: \(unusable ?? "damaged")"
    case .starting, .flowing, .ended: nil
    }
  }
}

/// How the pipeline does, from its start to `elapsed` nanoseconds later.
public struct PipelineStatistics: Sendable {
  public var elapsed: UInt64
  public var video: VideoState
  /// Nanoseconds since the last frame arrived that could be used, or since the start.
  public var silence: UInt64
  /// Why frames cannot be used, while ``video`` is unusable; nil else.
  public var unusable: String?
  public var rates: FrameRates
  /// From capture to the drawn picture, since the start.
  public var latency: LatencySummary
  /// The same over the last minute.
  public var recentLatency: LatencySummary
  public var ledger: LedgerCounts
  public var usage: ProcessUsage
  /// Heat, clock and power; unknown values where the kernel does not tell them.
  public var board: BoardHealth
  /// How far the run has stepped back to keep its budget; nil without one.
  public var degrade: DegradeState?
  /// What was done to the masks behind the network; nil where nothing was.
  public var masks: MaskStatistics?
  /// Whether anything can be seen on the pictures; nil before the first.
  public var picture: PictureState?
  /// How sure the network is, and whether what it sees is what it was calibrated for; nil before it says.
  public var confidence: ConfidenceState?
  /// What was measured on the newest frame; nil without a calibrated camera, and before the first frame.
  public var metres: MetresJSON?
  /// In the order in which they were given to the pipeline.
  public var sinks: [SinkStatistics]
  private var stages: [LatencySummary]

  public init(
    elapsed: UInt64, video: VideoState, silence: UInt64, rates: FrameRates, latency: LatencySummary,
    ledger: LedgerCounts, usage: ProcessUsage, stages: [LatencySummary],
    sinks: [SinkStatistics] = [], recentLatency: LatencySummary = LatencySummary(), unusable: String? = nil,
    board: BoardHealth = BoardHealth(), degrade: DegradeState? = nil
  ) {
    self.degrade = degrade
    self.elapsed = elapsed
    self.video = video
    self.silence = silence
    self.rates = rates
    self.latency = latency
    self.ledger = ledger
    self.usage = usage
    self.board = board
    self.stages = stages
    self.sinks = sinks
    self.recentLatency = recentLatency
    self.unusable = unusable
  }

  public subscript(stage: PipelineStage) -> LatencySummary { stages[stage.rawValue] }
}

/// How a picture looked to the network.
public struct PictureState: Hashable, Sendable {
  /// "good", "dark", "glare", "blurred", "dirty".
  public var health: String
  /// Mean, 0...255.
  public var luma: Int
  /// Nil where there are no edges to tell it by.
  public var sharpness: Int?
  /// Of the picture below 40 percent of its height: in large areas as bright as can be.
  public var glare: Double
  /// Of the picture: blurred at fixed places while it moves; nil as long as nobody can tell.
  public var dirt: Double?
  /// So far, of all that were looked at.
  public var frames = HealthCounts()

  public init(health: String, luma: Int, sharpness: Int?, glare: Double = 0, dirt: Double? = nil) {
    self.health = health
    self.luma = luma
    self.sharpness = sharpness
    self.glare = glare
    self.dirt = dirt
  }
}

/// Frames by the word for their health.
public struct HealthCounts: Codable, Hashable, Sendable {
  public var good = 0
  public var dark = 0
  public var glare = 0
  public var blurred = 0
  public var dirty = 0

  public init() {}

  public static func += (left: inout HealthCounts, right: HealthCounts) {
    left.good += right.good
    left.dark += right.dark
    left.glare += right.glare
    left.blurred += right.blurred
    left.dirty += right.dirty
  }
}

/// How sure the network is, and whether what it sees is what it was calibrated for.
public struct ConfidenceState: Hashable, Sendable {
  /// Of the newest frame: how far road is above the next class, in steps of the scores, 0...255; nil without road.
  public var road: Double?
  /// The same over some thirty frames.
  public var roadMean: Double?
  /// Share of the activations that lie at the ends of their range, over some thirty looks.
  public var saturated: Double?
  /// What both were on the calibration's pictures, or else at the start of the run; nil while that is learned.
  public var usual: Double?
  public var usualRoad: Double?
  /// The alarm: much more is saturated than usual, or the network is far less sure.
  public var isDrifting: Bool
  public var alarms: Int

  public init(
    road: Double?, roadMean: Double?, saturated: Double?, usual: Double?, usualRoad: Double?, isDrifting: Bool,
    alarms: Int
  ) {
    self.road = road
    self.roadMean = roadMean
    self.saturated = saturated
    self.usual = usual
    self.usualRoad = usualRoad
    self.isDrifting = isDrifting
    self.alarms = alarms
  }
}
