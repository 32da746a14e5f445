import CAllocationCounter
import Foundation
import RoadBase
import RoadPipeline
import Synchronization
import Testing

/// While frames flow, no stage takes memory: neither the hand-over, the ledger, the meters nor the painter.
@Suite struct AllocationTests {
  /// Counts over frames 100 to 400.
  final class CountingSink: FrameSink {
    let atStart = Atomic<UInt>(0)
    let atEnd = Atomic<UInt>(0)

    func receive(_ frame: ShownFrame) throws(RoadError) {
      if frame.ordinal == 100 { atStart.store(allocation_count(), ordering: .relaxed) }
      if frame.ordinal == 400 { atEnd.store(allocation_count(), ordering: .relaxed) }
    }
  }

  /// The counter counts the whole process, in which other tests run at the same time: their allocations can only add, so
  /// the least of many runs is the pipeline's own.
  @Test(.timeLimit(.minutes(3)))
  func steadyStateTakesNoMemory() throws {
    var least = UInt.max
    let patience = ContinuousClock.now + .seconds(60)
    while least > 0, ContinuousClock.now < patience {
      let sink = CountingSink()
      let options = PipelineOptions(statisticsInterval: 60_000_000_000)
      let size = PictureSize(width: 320, height: 240)
      let source = ScriptedSource(Array(repeating: .frame, count: 450), isLive: false, size: size)
      let statistics = try Pipeline(source, sinks: [sink], options: options).run()
      #expect(statistics.ledger[.shown] == 450)
      least = min(least, sink.atEnd.load(ordering: .relaxed) - sink.atStart.load(ordering: .relaxed))
      // Other tests are busy: let them.
      if least > 0 { Thread.sleep(forTimeInterval: 0.1) }
    }
    #expect(least == 0)
  }

  /// The counter itself works.
  @Test func theCounterCounts() {
    let before = allocation_count()
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 100_000, alignment: 16)
    memory.storeBytes(of: 1, as: UInt8.self)
    #expect(allocation_count() > before)
    memory.deallocate()
  }
}
