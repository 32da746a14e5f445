import Dispatch
import Glibc
import RoadBase
import RoadFrame
import RoadPipeline
import RoadSink
import RoadTelemetry
import Testing

/// The pipeline beside sinks that are slow, fail or hang.
@Suite struct LaneTests {
  /// Every frame that the source gave reaches the tap, and its fate, whatever became of it; the sums are those of the
  /// ledger.
  @Test func aRecorderSeesEveryFrameAndEveryFate() throws {
    let script: [ScriptedSource.Step] =
      [.frame, .frame(skipped: 2, lost: 3), .corrupt(.truncated), .torn, .misfit] + Array(repeating: .frame, count: 200)
    let sink = TallySink()
    let lane = SinkLane(sink, policy: .queue(bytes: 64 << 20))
    let pipeline = try Pipeline(ScriptedSource(script, isLive: true), lanes: [lane]) { usleepBriefly() }
    let statistics = try pipeline.run()
    let tally = sink.tally
    #expect(tally.captured == [0, 6, 8, 9] + Array(10..<210))
    #expect(tally.shown.count == statistics.ledger[.shown])
    #expect(statistics.ledger[.superseded] > 0, "the network was never busy: this tries nothing")
    for fate in FrameFate.allCases { #expect(tally.fates[fate] == statistics.ledger[fate], "\(fate)") }
    #expect(tally.frames == statistics.ledger.entered)
    #expect(tally.stops == 1)
    #expect(statistics.sinks.map(\.total.missed) == [0])
  }

  /// A disk that takes 20 ms a frame beside one that always fails: the pipeline shows every frame as if they were not
  /// there.
  @Test func slowAndFailingSinksCostThemselvesFramesOnly() throws {
    let full = RoadError(.output, "full", code: ENOSPC)
    let slow = TallySink(.picture) { _ throws(RoadError) in usleep(20_000) }
    let failing = TallySink(.picture) { _ throws(RoadError) in throw full }
    let source = ScriptedSource(Array(repeating: .frame, count: 1000), isLive: true)
    let lanes = [SinkLane(slow, policy: .newest), SinkLane(failing, policy: .newest)]
    let pipeline = try Pipeline(source, lanes: lanes)
    let statistics = try pipeline.run()
    #expect(statistics.ledger.balances)
    for sink in statistics.sinks {
      #expect(sink.shown.offered == statistics.ledger[.shown])
      #expect(sink.shown.waiting == 0)
    }
    #expect(statistics.sinks[1].shown[.diskFull] >= 1)
    #expect(statistics.sinks[1].failure?.code == ENOSPC)
    #expect(slow.tally.shown.count == statistics.sinks[0].shown.delivered)
  }

  /// SIGTERM while a disk hangs: the run ends within a second, with its statistics.
  @Test func aStopEndsWithinASecondThoughASinkHangs() throws {
    let (atWork, forever) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let sink = TallySink(.picture) { _ throws(RoadError) in
      atWork.signal()
      forever.wait()
    }
    let source = ScriptedSource(
      Array(repeating: .frame, count: 20) + Array(repeating: .timeout, count: 10_000_000), isLive: true)
    let pipeline = try Pipeline(source, lanes: [SinkLane(sink, policy: .queue(bytes: 1 << 20))])
    DispatchQueue.global().async {
      atWork.wait()
      pipeline.requestStop()
    }
    let begin = MonotonicClock.now()
    let statistics = try pipeline.run()
    #expect(MonotonicClock.now() - begin < 2_000_000_000)
    #expect(statistics.ledger.balances)
    #expect(statistics.sinks[0].shown.waiting == 1)
    forever.signal()
  }

  @Test func aLaneThatCannotStartIsTheRunsError() throws {
    final class Refusing: FrameSink {
      let name = "refusing"
      func start(_ session: SinkSession) throws(RoadError) { throw RoadError(.output, "no such folder") }
    }
    let source = ScriptedSource([.frame], isLive: true)
    let other = TallySink()
    let lanes = [SinkLane(other, policy: .newest), SinkLane(Refusing(), policy: .newest)]
    let pipeline = try Pipeline(source, lanes: lanes)
    #expect(throws: RoadError(.output, "no such folder")) { try pipeline.run() }
    #expect(other.tally.stops == 1)
    #expect(source.stopCount.load(ordering: .relaxed) == 1)
  }
}
