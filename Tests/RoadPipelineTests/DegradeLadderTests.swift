import RoadBase
import RoadPipeline
import RoadTelemetry
import Testing

/// The ladder under a scripted load: a camera of 30 frames a second, a network whose time the test sets. The clock is
/// arithmetic, so hours take no time.
@Suite struct DegradeLadderTests {
  private static let millisecond: UInt64 = 1_000_000
  private static let interval: UInt64 = 33_333_333

  /// One thread that takes the newest frame whenever it is free.
  private struct Load {
    var ladder = DegradeLadder(
      budget: 80 * millisecond,
      levels: [
        .init(name: "full", stride: 1, cost: 20 * millisecond),
        .init(name: "half rate", stride: 2, cost: 20 * millisecond),
        .init(name: "input", stride: 2, cost: 10 * millisecond),
        .init(name: "model", stride: 2, cost: 5 * millisecond),
      ])
    var now: UInt64 = 1_000_000_000_000
    /// Frames are older by this when they arrive: driver and transport.
    var delay: UInt64 = 5 * millisecond
    var shownLate = 0
    var shown = 0
    var verdicts: [DegradeLadder.Verdict] = []

    /// - Parameter slowness: factor on each level's cost.
    mutating func run(seconds: Int, slowness: Double) {
      let end = now + UInt64(seconds) * 1_000_000_000
      while now < end {
        // The newest frame: captured at a multiple of the interval.
        let captured = (now - delay) / DegradeLadderTests.interval * DegradeLadderTests.interval
        let verdict = ladder.admit(captured: captured, now: now)
        verdicts.append(verdict)
        let taken = now
        if verdict == .run {
          now += UInt64(Double(ladder.levels[ladder.level].cost) * slowness) + 2 * DegradeLadderTests.millisecond
          ladder.finished(captured: captured, taken: taken, drawn: now)
          shown += 1
          if now - captured > ladder.budget { shownLate += 1 }
        }
        // The next frame is the one after this.
        now = max(now, captured + DegradeLadderTests.interval + delay)
      }
    }
  }

  @Test("a load that the budget holds changes nothing for an hour")
  func quiet() {
    var load = Load()
    load.run(seconds: 3600, slowness: 1)
    #expect(load.ladder.state.stepCount == 0 && load.ladder.level == 0)
    #expect(load.shownLate == 0)
    #expect(load.verdicts.allSatisfy { $0 == .run })
  }

  @Test("one slow frame is no reason")
  func spike() {
    var load = Load()
    load.run(seconds: 10, slowness: 1)
    let taken = load.now
    load.now += 200 * Self.millisecond
    load.ladder.finished(captured: taken, taken: taken, drawn: load.now)
    load.run(seconds: 60, slowness: 1)
    #expect(load.ladder.state.stepCount == 0)
  }

  @Test("down until the budget holds, in order, each step with its reason; back when the load is gone")
  func downAndBack() throws {
    var load = Load()
    load.run(seconds: 5, slowness: 1)
    // 20 ms become 78: only the third level, 10 ms, comes in time with 39 and a frame interval of waiting.
    load.run(seconds: 30, slowness: 3.9)
    let state = load.ladder.state
    #expect(state.level == 2)
    #expect(state.steps.map(\.to) == [1, 2])
    for step in state.steps {
      #expect(step.late >= 4 && step.latency > state.budget)
      #expect(step.reason(budget: state.budget).contains("missed 80.0 ms"))
    }
    let late = load.shownLate
    load.run(seconds: 5, slowness: 3.9)
    #expect(load.shownLate - late <= 1, "held")
    load.run(seconds: 60, slowness: 1)
    #expect(load.ladder.level == 0)
    #expect(load.ladder.state.steps.map(\.to) == [1, 2, 1, 0])
    #expect(load.ladder.state.reason?.hasPrefix("no frame was late for 1") == true)
  }

  @Test("frames are dropped early instead of shown late; at the lowest level one a second goes through")
  func earlyDrops() {
    var load = Load()
    load.run(seconds: 5, slowness: 1)
    load.run(seconds: 60, slowness: 100)
    #expect(load.ladder.level == 3)
    let (late, shown) = (load.shownLate, load.shown)
    load.run(seconds: 60, slowness: 100)
    #expect(load.shown - shown == load.shownLate - late, "every one that was tried was late")
    #expect((30...61).contains(load.shown - shown), "about one a second: \(load.shown - shown)")
    #expect(load.ladder.state.droppedLate > 0)
  }

  @Test("a load at the edge does not flap: the steps up come ever more seldom")
  func hysteresis() {
    var load = Load()
    load.delay = 5 * Self.millisecond
    // Each step up to the full rate is followed by late frames: the load grows with the rate.
    for _ in 0..<3600 {
      load.run(seconds: 1, slowness: load.ladder.level == 0 ? 7 : 1)
    }
    #expect(load.ladder.state.stepCount <= 40, "\(load.ladder.state.stepCount) steps in an hour")
    #expect(load.ladder.state.stepCount >= 4)
  }

  @Test("at half the rate every second frame goes through")
  func rate() {
    var load = Load()
    load.run(seconds: 5, slowness: 1)
    load.run(seconds: 1, slowness: 7)
    #expect(load.ladder.level >= 1)
    load.verdicts = []
    load.run(seconds: 5, slowness: 1)
    let skipped = load.verdicts.count { $0 == .skipped }
    #expect(abs(2 * skipped - load.verdicts.count) <= 2)
  }
}
