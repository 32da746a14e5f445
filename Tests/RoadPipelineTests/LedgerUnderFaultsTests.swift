import Dispatch
import Glibc
import RoadFrame
import RoadPipeline
import RoadTelemetry
import RoadTestSupport
import Testing

func usleepBriefly() { usleep(200) }

/// The ledger's promise, over random fault scripts, stops at random moments and stages of random speed.
@Suite struct LedgerUnderFaultsTests {
  /// A script by seed, and the frame numbers that it uses.
  private static func script(_ seed: UInt64, length: Int) -> (steps: [ScriptedSource.Step], numbers: Int) {
    var random = SplitMix(state: seed)
    var steps: [ScriptedSource.Step] = []
    var numbers = 0
    func add(_ step: ScriptedSource.Step) {
      steps.append(step)
      numbers += 1
    }
    for _ in 0..<length {
      switch random.next() % 16 {
      case 0: add(.corrupt(CorruptFrame.allCases[Int(random.next() % 4)]))
      case 1: add(.torn)
      case 2: add(.misfit)
      case 3: steps.append(.timeout)
      case 4, 5:
        let (skipped, lost) = (Int(random.next() % 4), Int(random.next() % 3))
        steps.append(.frame(skipped: skipped, lost: lost))
        numbers += 1 + skipped + lost
      default: add(.frame)
      }
    }
    return (steps, numbers)
  }

  @Test(arguments: 0..<40)
  func everyFrameNumberEndsInOneBin(seed: Int) throws {
    let (steps, numbers) = Self.script(UInt64(seed), length: 400)
    let sink = RecordingSink()
    let isLive = seed % 2 == 0
    let pipeline = try Pipeline(ScriptedSource(steps, isLive: isLive), sinks: [sink]) {
      if seed % 3 == 0 { sched_yield() }
    }
    let ledger = try pipeline.run().ledger
    #expect(ledger.entered == numbers)
    #expect(ledger.balances)
    #expect(ledger[.shown] == sink.seen.count)
    #expect(ledger[.unfinished] == 0)
    #expect(isLive || ledger[.superseded] == 0)
    #expect(sink.seen.allSatisfy { $0.isWhole })
    #expect(sink.seen.map(\.ordinal) == sink.seen.map(\.ordinal).sorted())
  }

  @Test(arguments: 0..<40)
  func balancesWheneverItIsStopped(seed: Int) throws {
    let (steps, _) = Self.script(UInt64(seed), length: 100_000)
    var options = PipelineOptions.plain
    if seed % 4 == 0 { options.frameLimit = 20 }
    let pipeline = try Pipeline(ScriptedSource(steps, isLive: seed % 2 == 0), options: options) {
      if seed % 3 == 0 { usleepBriefly() }
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(seed * 150)) { pipeline.requestStop() }
    let ledger = try pipeline.run().ledger
    #expect(ledger.balances, "\(ledger)")
  }
}
