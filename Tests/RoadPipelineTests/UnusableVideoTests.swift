import Dispatch
import Glibc
import RoadFrame
import RoadPipeline
import RoadTelemetry
import Testing

/// Frames that come and show nothing are not "flowing".
@Suite struct UnusableVideoTests {
  /// Torn on the way, or only found to be so by the decoder.
  @Test(arguments: [ScriptedSource.Step.corrupt(.truncated), .torn]) func saysWhy(step: ScriptedSource.Step) throws {
    let gate = DispatchSemaphore(value: 0)
    let steps = (0..<150).flatMap { _ in [ScriptedSource.Step.wait(gate), step] } + [.frame]
    let pipeline = try Pipeline(
      ScriptedSource(steps, isLive: true), options: PipelineOptions(statisticsInterval: 100_000_000)
    )
    DispatchQueue.global().async {
      for _ in 0..<150 {
        usleep(12_000)
        gate.signal()
      }
    }
    var seen: [PipelineStatistics] = []
    let end = try pipeline.run { seen.append($0) }
    let unusable = try #require(seen.first { $0.video == .unusable })
    #expect(unusable.unusable?.isEmpty == false)
    #expect(unusable.silence >= 1_000_000_000)
    #expect(seen.first?.video != .unusable)
    #expect(end.video == .ended && end.unusable == nil)
    #expect(pipeline.stateReport.contains("capture: ended"))
  }
}
