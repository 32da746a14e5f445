import RoadBase
import RoadTelemetry

/// Decides frame by frame whether the budget is kept, and steps down and up a ladder of lighter ways to work.
///
/// Plain arithmetic on times that it is given: no clock, no thread, nothing allocated after `init`.
///
/// - **Early drop.** A frame that is expected to be late when it is drawn is dropped before the network. The
///   expectation is a moving mean of what frames took from the network's thread on. Once a second one goes through all
///   the same, so that there is a picture and a measurement.
/// - **Down** as soon as a quarter of the last ``window`` frames missed the budget, at least four of them, and half a
///   second after the last step.
/// - **Up** after ``calm`` without a late frame, where the slowest frame of that time, with what the upper level costs
///   more under the same load, keeps an eighth of the budget free.
/// - **No flapping.** A step up that does not hold doubles the calm that the next one needs, up to 32 times; one that
///   holds for as long brings it back.
package struct DegradeLadder {
  /// Of frames that are remembered.
  package static let window = 16
  /// Nanoseconds without a late frame before a step up.
  package static let calm: UInt64 = 10_000_000_000
  private static let fewestLate = 4
  private static let shortestStay: UInt64 = 500_000_000
  private static let probeInterval: UInt64 = 1_000_000_000
  private static let longestCalm = 32 * calm
  /// Steps that are remembered.
  private static let rememberedSteps = 64

  package enum Verdict: Equatable {
    case run
    /// It would be drawn so many nanoseconds after its capture.
    case late(UInt64)
    /// Passed over for the lower rate.
    case skipped
  }

  package struct Level {
    package var name: String
    /// Every so many-th frame goes through.
    package var stride: Int
    /// Nanoseconds of the network, measured at the start.
    package var cost: UInt64

    package init(name: String, stride: Int, cost: UInt64) {
      self.name = name
      self.stride = stride
      self.cost = cost
    }
  }

  package let budget: UInt64
  package let levels: [Level]
  package private(set) var level = 0
  private(set) var stepCount = 0
  private var steps: [DegradeStep] = []
  private var missed = 0
  private var droppedLate = 0
  private var droppedForRate = 0

  /// Nanoseconds from the network's thread to the drawn picture at this level; 0 before the first.
  private var expected: UInt64 = 0
  /// Bit 0 is the newest frame; 1 for a late one.
  private var outcomes: UInt32 = 0
  private var outcomeCount = 0
  private var lastStep: UInt64 = 0
  private var lastLate: UInt64 = 0
  private var lastRun: UInt64 = 0
  private var lastUp: UInt64 = 0
  private var slowest: UInt64 = 0
  private var needed = DegradeLadder.calm
  private var turn = 0

  package init(budget: UInt64, levels: [Level]) {
    precondition(budget > 0 && !levels.isEmpty, "a budget of \(budget) ns over \(levels.count) levels")
    self.budget = budget
    self.levels = levels
    steps.reserveCapacity(Self.rememberedSteps)
  }

  /// Whether a frame goes through the network.
  ///
  /// - Parameters:
  ///   - captured: its time stamp.
  ///   - now: the network's thread has it.
  package mutating func admit(captured: UInt64, now: UInt64) -> Verdict {
    if lastStep == 0 { (lastStep, lastLate, lastRun) = (now, now, now) }
    turn += 1
    guard turn % levels[level].stride == 0 else {
      droppedForRate += 1
      return .skipped
    }
    let latency = now + expected - min(captured, now)
    guard latency > budget, now - min(lastRun, now) < Self.probeInterval else {
      lastRun = now
      return .run
    }
    droppedLate += 1
    note(isLate: true, latency: latency, now: now)
    return .late(latency)
  }

  /// A frame that was admitted is drawn.
  ///
  /// - Parameter taken: when the network's thread had it.
  package mutating func finished(captured: UInt64, taken: UInt64, drawn: UInt64) {
    let work = drawn - min(taken, drawn)
    expected = expected == 0 ? work : (3 * expected + work) / 4
    let latency = drawn - min(captured, drawn)
    slowest = max(slowest, latency)
    if latency > budget { missed += 1 }
    note(isLate: latency > budget, latency: latency, now: drawn)
  }

  private mutating func note(isLate: Bool, latency: UInt64, now: UInt64) {
    outcomes = outcomes << 1 | (isLate ? 1 : 0)
    outcomeCount = min(outcomeCount + 1, Self.window)
    if isLate {
      lastLate = now
      slowest = 0
      stepDown(latency, now)
    } else {
      stepUp(now)
    }
  }

  private mutating func stepDown(_ latency: UInt64, _ now: UInt64) {
    let late = (outcomes & (1 << UInt32(Self.window) - 1)).nonzeroBitCount
    guard level + 1 < levels.count, now - min(lastStep, now) >= Self.shortestStay, late >= Self.fewestLate,
      4 * late >= outcomeCount
    else { return }
    if lastUp > 0 {
      let held = now - min(lastUp, now)
      needed = held < needed ? min(2 * needed, Self.longestCalm) : Self.calm
    }
    step(
      to: level + 1,
      DegradeStep(time: now, from: level, to: level + 1, late: late, frames: outcomeCount, latency: latency, calm: 0))
  }

  private mutating func stepUp(_ now: UInt64) {
    let since = max(lastLate, lastStep)
    guard level > 0, now - min(since, now) >= needed else { return }
    let (cost, upper) = (levels[level].cost, levels[level - 1].cost)
    // The load that slows this level down slows the upper one down alike.
    let slowness = max(1, Double(expected) / Double(max(cost, 1)))
    let more = upper > cost ? UInt64(Double(upper - cost) * slowness) : 0
    guard slowest + more <= budget - budget / 8 else { return }
    let step = DegradeStep(
      time: now, from: level, to: level - 1, late: 0, frames: outcomeCount, latency: slowest, calm: now - since)
    lastUp = now
    self.step(to: level - 1, step)
    expected += more
  }

  private mutating func step(to next: Int, _ step: DegradeStep) {
    let (cost, target) = (levels[level].cost, levels[next].cost)
    if target < cost { expected -= min(expected, cost - target) }
    level = next
    lastStep = step.time
    outcomes = 0
    outcomeCount = 0
    slowest = 0
    stepCount += 1
    if steps.count == Self.rememberedSteps { steps.removeFirst() }
    steps.append(step)
  }

  /// For statistics: allocates.
  package var state: DegradeState {
    DegradeState(
      // A copy: sharing the memory would make the next step allocate.
      budget: budget, levels: levels.map(\.name), level: level, steps: steps.map { $0 }, stepCount: stepCount,
      missed: missed,
      droppedLate: droppedLate, droppedForRate: droppedForRate)
  }
}
