import Dispatch
import RoadBase
import RoadCamera
import RoadFrame
import RoadPipeline
import RoadTelemetry
import Testing

@Suite struct PipelineTests {
  @Test func offlineShowsEveryFrameInOrderHoweverSlowTheStages() throws {
    let sink = RecordingSink()
    let source = ScriptedSource(Array(repeating: .frame, count: 300), isLive: false)
    let pipeline = try Pipeline(source, sinks: [sink]) { if MonotonicClock.now() % 7 == 0 { usleepBriefly() } }
    let statistics = try pipeline.run()
    #expect(sink.seen.map(\.sequence) == Array(0..<300))
    #expect(sink.seen.map(\.ordinal) == Array(0..<300))
    #expect(sink.seen.allSatisfy { $0.isWhole })
    #expect(statistics.ledger[.shown] == 300)
    #expect(statistics.ledger.entered == 300)
    #expect(statistics.ledger.balances)
    #expect(statistics.video == .ended)
    #expect(statistics[.network].p50 >= 2000)
    #expect(statistics.latency.count == 300)
    #expect(source.startCount.load(ordering: .relaxed) == 1)
    #expect(source.stopCount.load(ordering: .relaxed) == 1)
  }

  /// While the network holds frame 0, frames 1 to 9 arrive: 9 alone is shown next.
  @Test func liveShowsTheNewestAndCountsTheSuperseded() throws {
    let (networkHasFrame, allArrived) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let script: [ScriptedSource.Step] =
      [.frame, .wait(networkHasFrame)] + Array(repeating: .frame, count: 9) + [.timeout, .signal(allArrived)]
    let sink = RecordingSink()
    let pipeline = try Pipeline(ScriptedSource(script, isLive: true), sinks: [sink]) {
      networkHasFrame.signal()
      allArrived.wait()
      allArrived.signal()
    }
    let ledger = try pipeline.run().ledger
    #expect(sink.seen.map(\.sequence) == [0, 9])
    #expect(ledger[.superseded] == 8)
    #expect(ledger[.shown] == 2)
    #expect(ledger.balances)
  }

  @Test func everyKindOfDamageHasItsBinAndItsPlace() throws {
    let source = ScriptedSource(
      [
        .frame, .corrupt(.driverError), .frame(skipped: 2, lost: 3), .corrupt(.truncated), .torn, .misfit,
        .corrupt(.undecodable), .frame, .corrupt(.wrongSize), .timeout,
      ], isLive: false)
    let sink = RecordingSink()
    let pipeline = try Pipeline(source, sinks: [sink])
    let ledger = try pipeline.run().ledger
    #expect(sink.seen.map(\.ordinal) == [0, 7, 12])
    #expect(ledger.entered == 14)
    #expect(ledger[.drained] == 2)
    #expect(ledger[.lostInDriver] == 3)
    #expect(ledger[.driverError] == 1)
    #expect(ledger[.truncated] == 2)
    #expect(ledger[.undecodable] == 1)
    #expect(ledger[.wrongSize] == 2)
    #expect(ledger.balances)
    let damaged = pipeline.damagedFrames.sorted { $0.ordinal < $1.ordinal }
    #expect(damaged.map(\.ordinal) == [1, 8, 9, 10, 11, 13])
    #expect(
      damaged.map(\.damage) == [.driverError, .truncated, .truncated, .wrongSize, .undecodable, .wrongSize])
  }

  @Test func stopsAfterTheWantedNumberOfFrames() throws {
    let sink = RecordingSink()
    var options = PipelineOptions.plain
    options.frameLimit = 5
    let offline = try Pipeline(
      ScriptedSource(Array(repeating: .frame, count: 50), isLive: false), sinks: [sink], options: options
    ).run()
    #expect(sink.seen.map(\.sequence) == [0, 1, 2, 3, 4])
    #expect(offline.ledger.entered == 5)
    // Each frame waits for the one before to be shown, so that five are however slow this machine is.
    let shown = DispatchSemaphore(value: 0)
    let counting = RecordingSink { (_) throws(RoadError) in shown.signal() }
    let waiting = (0..<5).flatMap { _ in [ScriptedSource.Step.frame, .wait(shown)] }
    let script = waiting + Array(repeating: .frame, count: 50)
    let live = try Pipeline(ScriptedSource(script, isLive: true), sinks: [counting], options: options).run()
    #expect(live.ledger[.shown] == 5)
    #expect(live.ledger.balances)
  }

  @Test func aFailingSinkEndsThePipelineWithItsError() throws {
    let error = RoadError(.output, "disk full", remedy: "free some space")
    let sink = RecordingSink { frame throws(RoadError) in if frame.stamp.ordinal == 3 { throw error } }
    let source = ScriptedSource(Array(repeating: .frame, count: 100), isLive: false)
    let pipeline = try Pipeline(source, sinks: [sink])
    #expect(throws: error) { try pipeline.run() }
    #expect(sink.seen.map(\.ordinal) == [0, 1, 2])
    #expect(pipeline.statistics().ledger[.shown] == 3)
    #expect(pipeline.statistics().ledger.balances)
    #expect(source.stopCount.load(ordering: .relaxed) == 1)
  }

  @Test func tellsWhyThereIsNoVideo() throws {
    let (gone, seen) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let source = ScriptedSource(
      [.frame, .disconnect, .disconnect, .signal(gone), .wait(seen), .frame], isLive: true)
    let pipeline = try Pipeline(source)
    DispatchQueue.global().async {
      gone.wait()
      #expect(pipeline.statistics().video == .disconnected)
      seen.signal()
    }
    let statistics = try pipeline.run()
    #expect(statistics.ledger.entered == 2)
    #expect(statistics.video == .ended)
  }

  @Test func reportsAtEachInterval() throws {
    let enough = DispatchSemaphore(value: 0)
    var options = PipelineOptions.plain
    options.statisticsInterval = 2_000_000
    let pipeline = try Pipeline(ScriptedSource([.frame, .wait(enough)], isLive: true), options: options)
    var elapsed: [UInt64] = []
    try pipeline.run { statistics in
      elapsed.append(statistics.elapsed)
      if elapsed.count == 3 { enough.signal() }
    }
    #expect(elapsed.count >= 3)
    #expect(elapsed == elapsed.sorted())
  }

  @Test func aSourceThatCannotBeSegmentedIsStopped() {
    let source = ScriptedSource([.frame], isLive: true)
    let error = RoadError(.model, "no model")
    #expect(throws: error) {
      try Pipeline(source: source) { _ throws(RoadError) -> any Segmenter in throw error }
    }
    #expect(source.stopCount.load(ordering: .relaxed) == 1)
  }
}
