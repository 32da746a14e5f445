import RoadBase

/// How far a run has stepped back to keep its latency budget.
public struct DegradeState: Hashable, Sendable {
  /// Nanoseconds from capture to the drawn picture.
  public var budget: UInt64
  /// What each level is, for people; level 0 takes nothing away.
  public var levels: [String]
  public var level: Int
  /// The newest steps, oldest first, and how many there were in all.
  public var steps: [DegradeStep]
  public var stepCount: Int
  /// Frames that were shown later than the budget.
  public var missed: Int
  /// Frames that were dropped since they would have been late, and for the lower rate.
  public var droppedLate: Int
  public var droppedForRate: Int

  public init(
    budget: UInt64, levels: [String], level: Int, steps: [DegradeStep], stepCount: Int, missed: Int, droppedLate: Int,
    droppedForRate: Int
  ) {
    self.budget = budget
    self.levels = levels
    self.level = level
    self.steps = steps
    self.stepCount = stepCount
    self.missed = missed
    self.droppedLate = droppedLate
    self.droppedForRate = droppedForRate
  }

  /// Why it is where it is; nil where nothing was taken away yet.
  public var reason: String? { steps.last.map { $0.reason(budget: budget) } }
}

/// From one level to the next one.
public struct DegradeStep: Hashable, Sendable {
  /// Nanoseconds of the monotonic clock.
  public var time: UInt64
  public var from: Int
  public var to: Int
  /// Of the last `frames` frames so many were late or dropped early; 0 on the way back.
  public var late: Int
  public var frames: Int
  /// Of the newest frame, in nanoseconds: what it took, or was expected to take.
  public var latency: UInt64
  /// On the way back: nanoseconds without a late frame.
  public var calm: UInt64

  public init(time: UInt64, from: Int, to: Int, late: Int, frames: Int, latency: UInt64, calm: UInt64) {
    self.time = time
    self.from = from
    self.to = to
    self.late = late
    self.frames = frames
    self.latency = latency
    self.calm = calm
  }

  public func reason(budget: UInt64) -> String {
    let milliseconds = (Double(latency) / 1e6).rounded(toDecimals: 1)
    let limit = (Double(budget) / 1e6).rounded(toDecimals: 1)
    if to > from {
      return "\(late) of the last \(frames) frames missed \(limit) ms, the newest with \(milliseconds) ms"
    }
    return "no frame was late for \(calm / 1_000_000_000) s; the slowest took \(milliseconds) of \(limit) ms"
  }
}

extension StatisticsJSON {
  struct Degrade: Encodable {
    let budgetMs: Double
    /// 0: nothing is taken away.
    let level: Int
    let name: String
    let levels: [String]
    @Nullable var reason: String?
    let steps: Int
    let shownLate: Int
    let droppedLate: Int
    let droppedForRate: Int

    init(_ state: DegradeState) {
      budgetMs = (Double(state.budget) / 1e6).rounded(toDecimals: 3)
      level = state.level
      name = state.levels[state.level]
      levels = state.levels
      reason = state.reason
      steps = state.stepCount
      shownLate = state.missed
      droppedLate = state.droppedLate
      droppedForRate = state.droppedForRate
    }
  }
}
