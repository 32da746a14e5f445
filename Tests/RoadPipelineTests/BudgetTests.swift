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

  @Test("the input to step down to has half the pixels and ends where the usual one does in the coarsest stride's grid")
  func lighterInput() {
    func below(_ width: Int, _ height: Int) -> String {
      "\(LighterSegmenter.inputSize(below: PictureSize(width: width, height: height)))"
    }
    #expect(below(480, 360) == "352x264" && below(640, 480) == "448x352")
    #expect(below(32, 32) == "32x32" && below(20, 15) == "20x15" && below(48, 33) == "48x33")
    for (width, height) in [(65, 64), (321, 243), (288, 200), (1280, 720), (95, 127)] {
      let usual = PictureSize(width: width, height: height)
      let small = LighterSegmenter.inputSize(below: usual)
      #expect(small.width % 32 == width % 32 && small.height % 32 == height % 32)
      #expect(abs(small.width * 10 - width * 7) <= 160 && abs(small.height * 10 - height * 7) <= 160)
      #expect(small.pixels < usual.pixels)
    }
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
