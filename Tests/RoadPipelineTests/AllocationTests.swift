import CAllocationCounter
import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadPipeline
import RoadSink
import RoadTelemetry
import Synchronization
import Testing

/// While frames flow, no stage takes memory: neither the hand-over, the ledger, the meters nor the painter.
@Suite struct AllocationTests {
  /// The allocations of the threads that pass by, each from its frame 100 to its frame 400.
  final class Watch: @unchecked Sendable {
    private let counter = UnsafeMutablePointer<UInt>.allocate(capacity: 1)

    init() { counter.initialize(to: 0) }
    deinit { counter.deallocate() }

    /// Once the watched threads have ended.
    var count: UInt { counter.pointee }

    func pass(frame: Int) {
      if frame == 100 { count_allocations_of_this_thread_into(counter) }
      if frame == 400 { count_allocations_of_this_thread_into(nil) }
    }
  }

  /// The capture thread.
  final class WatchedSource: FrameSource {
    private let source: ScriptedSource
    private let watch: Watch
    private let frames = Atomic<Int>(0)

    init(_ source: ScriptedSource, _ watch: Watch) {
      self.source = source
      self.watch = watch
    }

    var properties: SourceProperties { source.properties }
    func start() throws(RoadError) { try source.start() }
    func stop() { source.stop() }

    func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
      watch.pass(frame: frames.add(1, ordering: .relaxed).newValue)
      return source.read(into: frame, timeout: timeout)
    }
  }

  /// The draw thread.
  final class WatchedSink: FrameSink {
    let name = "watched"
    private let watch: Watch
    init(_ watch: Watch) { self.watch = watch }
    func receive(_ frame: ShownFrame) throws(RoadError) { watch.pass(frame: frame.stamp.ordinal) }
  }

  @Test(arguments: [SinkLane.Policy.newest, .queue(bytes: 4 << 20)])
  func steadyStateTakesNoMemory(policy: SinkLane.Policy) throws {
    let watch = Watch()
    // Long enough for the panel's numbers to change several times while the threads are watched.
    let script = ScriptedSource(
      (0..<450).flatMap { _ in [.pause(3_000_000), .frame] as [ScriptedSource.Step] }, isLive: false,
      size: PictureSize(width: 320, height: 240))
    let segmented = Atomic<Int>(0)
    let pipeline = try Pipeline(
      source: WatchedSource(script, watch), sinks: [WatchedSink(watch)],
      lanes: [SinkLane(TallySink([.captured, .picture, .map, .fates]), policy: policy)],
      options: PipelineOptions(statisticsInterval: 60_000_000_000)
    ) { size in
      FakeSegmenter(size) { watch.pass(frame: segmented.add(1, ordering: .relaxed).newValue) }
    }
    #expect(try pipeline.run().ledger[.shown] == 450)
    #expect(watch.count == 0)
  }

  @Test("neither a trace nor a budget takes memory, steps of the ladder included")
  func traceAndBudget() throws {
    let watch = Watch()
    // Over a second: the ladder's first step is never sooner than half a second after the first frame.
    let script = ScriptedSource(
      (0..<1200).flatMap { _ in [.pause(1_000_000), .frame] as [ScriptedSource.Step] }, isLive: false)
    let path = FileManager.default.temporaryDirectory.appending(path: "trace-\(UUID().uuidString).json").path
    defer { unlink(path) }
    let segmented = Atomic<Int>(0)
    var options = PipelineOptions(statisticsInterval: 20_000_000)
    options.trace = try FrameTrace(path: path)
    options.budget = 3_000_000
    let pipeline = try Pipeline(
      source: WatchedSource(script, watch), lanes: [SinkLane(TallySink([.map]), policy: .newest)], options: options,
      segmenter: { size in
        FakeSegmenter(size) {
          let number = segmented.add(1, ordering: .relaxed).newValue
          watch.pass(frame: number)
          // Some late frames before anything is counted: Swift's runtime makes a type ready when it first meets it.
          if number > 150 || (40..<60).contains(number) { SystemThread.sleep(nanoseconds: 4_000_000) }
        }
      })
    let statistics = try pipeline.run { _ in }
    options.trace?.finish()
    #expect(statistics.degrade?.stepCount ?? 0 >= 1)
    #expect(statistics.ledger.balances)
    #expect(watch.count == 0)
  }

  @Test("the counter counts the thread that it watches, and no longer than that")
  func theCounterCounts() {
    let watch = Watch()
    func allocate() { UnsafeMutableRawPointer.allocate(byteCount: 100_000, alignment: 16).deallocate() }
    watch.pass(frame: 100)
    allocate()
    watch.pass(frame: 400)
    allocate()
    #expect(watch.count == 1)
  }
}
