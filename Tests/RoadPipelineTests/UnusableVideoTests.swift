import Dispatch
import Glibc
import RoadBase
import RoadFrame
import RoadPipeline
import RoadSink
import RoadTelemetry
import Synchronization
import Testing

/// Frames that come and show nothing are not "flowing".
@Suite struct UnusableVideoTests {
  /// Torn on the way, or only found to be so by the decoder.
  @Test(arguments: [ScriptedSource.Step.corrupt(.truncated), .torn]) func saysWhy(step: ScriptedSource.Step) throws {
    let gate = DispatchSemaphore(value: 0)
    let steps = (0..<150).flatMap { _ in [ScriptedSource.Step.wait(gate), step] } + [.frame]
    let notices = NoticeSink()
    let pipeline = try Pipeline(
      ScriptedSource(steps, isLive: true), lanes: [SinkLane(notices, policy: .newest)],
      options: PipelineOptions(statisticsInterval: 100_000_000))
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
    let seenNotices = notices.seen.withLock { $0 }
    #expect(seenNotices.count >= 1, "and the picture says so, too")
    #expect(seenNotices.allSatisfy { $0 > 0 }, "letters on the notice: \(seenNotices)")
    #expect(end.sinks[0].shown.offered == 1, "a notice is no frame")
  }
}

/// Counts the bright pixels of each notice.
private final class NoticeSink: FrameSink {
  let name = "notices"
  let interest: SinkInterest = [.picture, .notices]
  let seen = Mutex<[Int]>([])

  func receive(_ notice: VideoNotice) throws(RoadError) {
    guard let picture = notice.canvas.picture else { preconditionFailure("scripted frames are RGBX") }
    let bright = (0..<picture.size.height).reduce(0) { sum, y in
      sum + (0..<picture.size.width).filter { picture.row(y)[4 * $0] > 200 }.count
    }
    seen.withLock { $0.append(bright) }
  }
}
