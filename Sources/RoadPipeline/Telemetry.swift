import RoadBase
import RoadFrame
import RoadTelemetry
import Synchronization

/// Everything that the stages measure and count, in one place; each part may be used by any thread.
final class Telemetry: Sendable {
  let ledger = FrameLedger()
  let rates = RateMeter()
  let latency = LatencyHistogram()
  let recentLatency = RecentLatency()
  private let stages: [LatencyHistogram]
  private let start = Atomic<UInt64>(0)
  private let lastArrival = Atomic<UInt64>(0)
  private let video = Atomic<Int>(VideoState.starting.rawValue)
  private let lastUsable = Atomic<UInt64>(0)
  private let lastDamage = Atomic<UInt64>(0)
  private let damage = Mutex<CorruptFrame?>(nil)
  private let activities = Mutex(StageActivities())
  private let damaged: Mutex<[DamagedFrame]>
  private let board = Mutex(BoardWatch())
  private let boardNotice = Atomic<Int>(0)

  /// Damaged frames that are remembered one by one; the ledger counts all.
  static let rememberedDamage = 1000

  init() {
    stages = PipelineStage.allCases.map { _ in LatencyHistogram() }
    var list: [DamagedFrame] = []
    list.reserveCapacity(Self.rememberedDamage)
    damaged = Mutex(list)
  }

  func begin() {
    let now = MonotonicClock.now()
    start.store(now, ordering: .relaxed)
    lastArrival.store(now, ordering: .relaxed)
    lastUsable.store(now, ordering: .relaxed)
  }

  func record(_ stage: PipelineStage, nanoseconds: UInt64) { stages[stage.rawValue].record(nanoseconds: nanoseconds) }

  func set(_ state: VideoState) { video.store(state.rawValue, ordering: .relaxed) }

  func arrived(_ frame: Frame, skipped: Int, lost: Int) {
    let now = MonotonicClock.now()
    lastArrival.store(now, ordering: .relaxed)
    set(.flowing)
    rates.record(.camera, at: frame.timestamp, frames: 1 + skipped + lost)
    rates.record(.delivered, at: now)
    record(.dequeue, nanoseconds: now - min(frame.timestamp, now))
  }

  /// A frame became a picture.
  func decoded(_ now: UInt64) { lastUsable.store(now, ordering: .relaxed) }

  /// Notes what a stage does from now on.
  func notes(_ stage: StageActivities.Stage, _ activity: StageActivity) {
    activities.withLock { $0.note(stage, activity, MonotonicClock.now()) }
  }

  var stageActivities: StageActivities { activities.withLock { $0 } }

  /// Nanoseconds since the last frame arrived.
  func silence(_ now: UInt64) -> UInt64 {
    let arrival = lastArrival.load(ordering: .relaxed)
    return now > arrival ? now - arrival : 0
  }

  func remember(_ damage: DamagedFrame) {
    lastDamage.store(MonotonicClock.now(), ordering: .relaxed)
    self.damage.withLock { $0 = damage.damage }
    damaged.withLock { list in
      if list.count < Self.rememberedDamage { list.append(damage) }
    }
  }

  var damagedFrames: [DamagedFrame] { damaged.withLock { $0 } }

  func statistics(_ sinks: [SinkStatistics]) -> PipelineStatistics {
    let now = MonotonicClock.now()
    let begun = start.load(ordering: .relaxed)
    let unusable = unusable(now)
    let whole = latency.summary()
    let state = VideoState(rawValue: video.load(ordering: .relaxed)) ?? .starting
    let usable = lastUsable.load(ordering: .relaxed)
    let health = board.withLock { $0.read() }
    boardNotice.store(health.notice?.rawValue ?? 0, ordering: .relaxed)
    return PipelineStatistics(
      elapsed: now - begun, video: unusable == nil ? state : .unusable,
      silence: unusable == nil ? silence(now) : now - min(usable, now), rates: rates.rates(now: now),
      latency: whole,
      ledger: ledger.snapshot(), usage: .now(), stages: stages.map { $0.summary() },
      sinks: sinks, recentLatency: recentLatency.summary(now: now, below: whole.maximum), unusable: unusable?.words,
      board: health)
  }

  /// What was wrong with the board when the statistics were last asked for.
  var noticeOfBoard: BoardHealth.Notice? { BoardHealth.Notice(rawValue: boardNotice.load(ordering: .relaxed)) }

  /// Why frames come and none of them can be used, for a second now; nil where that is not so.
  func unusable(_ now: UInt64) -> CorruptFrame? {
    let (usable, damaged) = (lastUsable.load(ordering: .relaxed), lastDamage.load(ordering: .relaxed))
    let state = VideoState(rawValue: video.load(ordering: .relaxed)) ?? .starting
    guard ![.disconnected, .ended].contains(state), damaged > usable, now > usable + Self.unusableAfter,
      now < damaged + 2 * Self.unusableAfter
    else { return nil }
    return damage.withLock { $0 }
  }

  private static let unusableAfter: UInt64 = 1_000_000_000
}
