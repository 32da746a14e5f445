import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSink
import RoadTelemetry
import Synchronization
import Testing

/// A pipeline with a budget and a network whose time the test sets.
@Suite(.serialized) struct BudgetTests {
  /// Frames of a live source at 100 a second, as many as asked for.
  private func source(_ count: Int) -> ScriptedSource {
    ScriptedSource((0..<count).flatMap { _ in [.pause(10_000_000), .frame] as [ScriptedSource.Step] }, isLive: true)
  }

  private static let slowness = Atomic<UInt64>(0)

  private func pipeline(_ count: Int, lanes: [SinkLane] = [], trace: FrameTrace? = nil) throws -> Pipeline {
    var options = PipelineOptions.plain
    options.budget = 15_000_000
    options.statisticsInterval = 50_000_000
    options.trace = trace
    return try Pipeline(
      source: source(count), lanes: lanes, options: options,
      lighter: { size in [LighterSegmenter(name: "input 16x12", segmenter: FakeSegmenter(size))] },
      segmenter: { size in
        FakeSegmenter(size) { SystemThread.sleep(nanoseconds: Self.slowness.load(ordering: .relaxed)) }
      })
  }

  @Test("a slow network is left for the lighter one; every frame has its bin, and the steps are told")
  func stepsDown() throws {
    Self.slowness.store(25_000_000, ordering: .relaxed)
    let tally = TallySink([.map, .fates])
    let pipeline = try pipeline(400, lanes: [SinkLane(tally, policy: .newest)])
    let statistics = try pipeline.run()
    let state = try #require(statistics.degrade)
    #expect(state.levels == ["full", "half rate", "half rate, input 16x12"])
    #expect(state.level == 2, "\(state)")
    #expect(state.steps.map(\.to) == [1, 2])
    #expect(statistics.ledger.balances)
    #expect(statistics.ledger[.late] == state.droppedLate + state.droppedForRate)
    #expect(tally.tally.fates[.late] == statistics.ledger[.late])
    let json = try JSONEncoder().encode(StatisticsJSON(statistics, type: "summary"))
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    let degrade = try #require(object["degrade"] as? [String: Any])
    #expect(degrade["level"] as? Int == 2 && degrade["name"] as? String == "half rate, input 16x12")
    #expect((degrade["reason"] as? String)?.contains("missed 15.0 ms") == true)
  }

  @Test("without a slow network nothing is dropped; without a budget nothing is told")
  func keepsTheBudget() throws {
    Self.slowness.store(0, ordering: .relaxed)
    let statistics = try pipeline(60).run()
    #expect(statistics.degrade?.level == 0)
    var options = PipelineOptions.plain
    options.statisticsInterval = 50_000_000
    let plain = try Pipeline(source(5), options: options).run()
    #expect(plain.degrade == nil)
  }
}
