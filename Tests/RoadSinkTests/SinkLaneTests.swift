import CAllocationCounter
import Dispatch
import Glibc
import RoadBase
import RoadSink
import RoadTelemetry
import Synchronization
import Testing

@Suite struct SinkLaneTests {
  private let frames = TestFrames()
  private static let diskFull = RoadError(.output, "no room", code: ENOSPC)

  @Test func aQueueGivesEveryFrameInOrderAndWhole() throws {
    let sink = TestSink([.captured, .picture, .map, .fates]) { _ throws(RoadError) in usleep(100) }
    let lane = SinkLane(sink, policy: .queue(bytes: 1 << 20))
    try lane.start(TestFrames.session)
    for ordinal in 0..<200 {
      lane.offer(frames.captured(ordinal, bytes: 1 + ordinal * 7 % 900))
      lane.offer(frames.shown(ordinal))
      lane.offer(SettledFrames(ordinal: ordinal, fate: .shown))
    }
    #expect(lane.finish())
    let wanted = (0..<200).flatMap { ordinal -> [TestSink.Event] in
      [.captured(ordinal, isWhole: true), .shown(ordinal, isWhole: true), .settled(ordinal, .shown)]
    }
    #expect(sink.events == [.start] + wanted + [.stop])
    let statistics = lane.statistics()
    #expect(statistics.health == .stopped)
    #expect(statistics.total.delivered == 400)
    #expect(statistics.total.waiting == 0)
    #expect(statistics.waitingBytes == 0)
  }

  @Test func theNewestTakesThePlaceOfTheWaiting() throws {
    let (atWork, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let sink = TestSink([.captured, .map]) { event throws(RoadError) in
      guard case .captured(0, _) = event else { return }
      atWork.signal()
      goOn.wait()
    }
    let lane = SinkLane(sink, policy: .newest)
    try lane.start(TestFrames.session)
    lane.offer(frames.captured(0))
    atWork.wait()
    for ordinal in 0..<10 {
      if ordinal > 0 { lane.offer(frames.captured(ordinal)) }
      lane.offer(frames.shown(ordinal))
    }
    goOn.signal()
    #expect(lane.finish())
    #expect(
      sink.events == [
        .start, .captured(0, isWhole: true), .captured(9, isWhole: true), .shown(9, isWhole: true), .stop,
      ]
        || sink.events == [
          .start, .captured(0, isWhole: true), .shown(9, isWhole: true), .captured(9, isWhole: true), .stop,
        ])
    let statistics = lane.statistics()
    #expect(statistics.captured.superseded == 8 && statistics.captured.delivered == 2)
    #expect(statistics.shown.superseded == 9 && statistics.shown.delivered == 1)
  }

  @Test func whatDoesNotFitIsCountedAndNobodyWaits() throws {
    let goOn = DispatchSemaphore(value: 0)
    let sink = TestSink([.captured, .picture]) { event throws(RoadError) in
      if case .start = event { return }
      if event != .idle { goOn.wait() }
    }
    let lane = SinkLane(sink, policy: .queue(bytes: 1))
    try lane.start(TestFrames.session)
    for ordinal in 0..<50 {
      lane.offer(frames.captured(ordinal, bytes: 1000))
      lane.offer(frames.shown(ordinal))
    }
    // A queue holds two of the largest frames and three pictures at least.
    let busy = lane.statistics()
    #expect(busy.captured.tooMuchMemory == 42 && busy.captured.waiting == 8)
    #expect(busy.shown.tooMuchMemory == 47 && busy.shown.waiting == 3)
    for _ in 0..<11 { goOn.signal() }
    #expect(lane.finish())
    #expect(lane.statistics().total.delivered == 11)
    #expect(sink.events.dropFirst().prefix(2) == [.captured(0, isWhole: true), .shown(0, isWhole: true)])
  }

  @Test func afterAnErrorTheSinkIsStoppedAndStartedUntilItWorks() throws {
    let tries = Atomic<Int>(0)
    let sink = TestSink(.map) { event throws(RoadError) in
      switch event {
      case .shown(1, _): throw Self.diskFull
      case .start:
        let number = tries.add(1, ordering: .relaxed).newValue
        if number == 2 { throw RoadError(.output, "read only now", code: EROFS) }
      default: break
      }
    }
    let lane = SinkLane(sink, policy: .queue(bytes: 1 << 20))
    try lane.start(TestFrames.session)
    for ordinal in 0..<2 { lane.offer(frames.shown(ordinal)) }
    #expect(
      eventually {
        if case .failing(_, let reason) = lane.statistics().health { reason == "read only now" } else { false }
      })
    lane.offer(frames.shown(2))
    #expect(eventually { lane.statistics().health == .ok })
    #expect(lane.finish())
    #expect(
      sink.events == [.start, .shown(0, isWhole: true), .stop, .start, .shown(2, isWhole: true), .stop])
    let statistics = lane.statistics()
    #expect(statistics.shown[.diskFull] == 1 && statistics.shown.failed == 1)
    #expect(statistics.shown.delivered == 2)
    #expect(statistics.restarts == 2)
  }

  @Test func aRequiredFirstStartIsTheCallersError() {
    let sink = TestSink(.map) { _ throws(RoadError) in throw Self.diskFull }
    let lane = SinkLane(sink, policy: .newest)
    #expect(throws: Self.diskFull) { try lane.start(TestFrames.session) }
    #expect(sink.events.isEmpty)
    #expect(lane.end())
  }

  @Test func aRetriedFirstStartIsNot() throws {
    let tries = Atomic<Int>(0)
    let sink = TestSink(.map) { event throws(RoadError) in
      if event == .start, tries.add(1, ordering: .relaxed).newValue == 1 { throw Self.diskFull }
    }
    let lane = SinkLane(sink, policy: .queue(bytes: 1 << 20), firstStart: .retried)
    try lane.start(TestFrames.session)
    lane.offer(frames.shown(0))
    #expect(eventually { sink.events.count == 2 })
    #expect(lane.finish())
    #expect(sink.events == [.start, .shown(0, isWhole: true), .stop])
  }

  /// A disk in uninterruptible sleep: the lane is left behind, in bounded time, and says so.
  @Test func aHangingSinkDoesNotHoldUpTheEnd() throws {
    let forever = DispatchSemaphore(value: 0)
    let atWork = DispatchSemaphore(value: 0)
    let sink = TestSink(.picture) { event throws(RoadError) in
      guard event != .start, event != .idle else { return }
      atWork.signal()
      forever.wait()
    }
    let lane = SinkLane(sink, policy: .queue(bytes: 1 << 20))
    try lane.start(TestFrames.session)
    for ordinal in 0..<5 { lane.offer(frames.shown(ordinal)) }
    atWork.wait()
    let begin = MonotonicClock.now()
    lane.close()
    #expect(!lane.wait(until: MonotonicClock.now() + 50_000_000))
    #expect(!lane.end())
    #expect(MonotonicClock.now() - begin < 1_000_000_000)
    #expect(lane.statistics().shown.unfinished == 4)
    #expect(lane.statistics().shown.waiting == 1)
    forever.signal()
    #expect(eventually { lane.statistics().health == .stopped })
  }

  @Test func aSinkAtOneFrameForLongIsStuck() throws {
    let goOn = DispatchSemaphore(value: 0)
    let sink = TestSink(.picture) { event throws(RoadError) in
      if event != .start, event != .idle { goOn.wait() }
    }
    let lane = SinkLane(sink, policy: .newest)
    try lane.start(TestFrames.session)
    lane.offer(frames.shown(0))
    #expect(eventually { if case .stuck = lane.statistics().health { true } else { false } })
    goOn.signal()
    #expect(lane.finish())
  }

  /// A sink that fails and a queue that overflows: in the end it was told of every frame number.
  @Test func toldFatesAddUpAfterAnOutage() throws {
    let fails = DispatchSemaphore(value: 0)
    let sink = TestSink(.fates) { event throws(RoadError) in
      guard case .settled(let ordinal, _) = event else { return }
      if ordinal == 0 { fails.wait() }
      if ordinal == 3 { throw Self.diskFull }
    }
    let lane = SinkLane(sink, policy: .queue(bytes: 1 << 20))
    try lane.start(TestFrames.session)
    for ordinal in 0..<10_000 {
      lane.offer(SettledFrames(ordinal: ordinal, fate: ordinal % 3 == 0 ? .superseded : .shown))
    }
    fails.signal()
    #expect(eventually { sink.events.count > 4000 })
    lane.offer(SettledFrames(ordinal: 10_000, count: 5, fate: .lostInDriver))
    #expect(lane.finish())
    #expect(sink.toldFates[.superseded] == 3334)
    #expect(sink.toldFates[.shown] == 6666)
    #expect(sink.toldFates[.lostInDriver] == 5)
  }

  @Test(arguments: [SinkLane.Policy.newest, .queue(bytes: 1 << 16)])
  func offersTakeNoMemory(policy: SinkLane.Policy) throws {
    let counter = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
    counter.initialize(to: 0)
    defer { counter.deallocate() }
    let lane = SinkLane(
      TestSink([.captured, .picture, .map, .fates]) { _ throws(RoadError) in usleep(50) }, policy: policy)
    try lane.start(TestFrames.session)
    let (captured, shown) = (frames.captured(1), frames.shown(1))
    // The runtime makes what it knows of a type at its first use, once a process.
    lane.offer(captured)
    lane.offer(shown)
    lane.offer(SettledFrames(ordinal: 0, fate: .shown))
    count_allocations_of_this_thread_into(counter)
    for ordinal in 0..<500 {
      lane.offer(captured)
      lane.offer(shown)
      lane.offer(SettledFrames(ordinal: ordinal, fate: .shown))
    }
    count_allocations_of_this_thread_into(nil)
    #expect(counter.pointee == 0)
    #expect(lane.finish())
  }

  @Test func aSourceThatIsNotLiveWaitsForRoom() throws {
    let sink = TestSink([.captured, .picture]) { _ throws(RoadError) in usleep(20) }
    let lane = SinkLane(sink, policy: .queue(bytes: 1))
    try lane.start(TestFrames.offlineSession)
    for ordinal in 0..<300 {
      lane.offer(frames.captured(ordinal, bytes: 3000))
      lane.offer(frames.shown(ordinal))
    }
    #expect(lane.finish())
    #expect(lane.statistics().total.delivered == 600)
  }

  @Test(arguments: ["stop", "failure"])
  func nobodyWaitsForASinkThatHangsOrFails(_ ending: String) throws {
    let (atWork, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let sink = TestSink(.map) { event throws(RoadError) in
      guard case .shown = event else { return }
      atWork.signal()
      goOn.wait()
      if ending == "failure" { throw Self.diskFull }
    }
    let lane = SinkLane(sink, policy: .queue(bytes: 1))
    try lane.start(TestFrames.offlineSession)
    lane.offer(frames.shown(0))
    atWork.wait()
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
      if ending == "failure" { goOn.signal() } else { lane.stopWaiting() }
    }
    for ordinal in 1..<10 { lane.offer(frames.shown(ordinal)) }
    #expect(lane.statistics().shown.tooMuchMemory > 0)
    for _ in 0..<10 { goOn.signal() }
    #expect(lane.finish())
    #expect(lane.statistics().total.waiting == 0)
  }

  @Test func aSinkWithoutFramesIsIdle() throws {
    let calls = Atomic<Int>(0)
    let sink = TestSink(.map) { event throws(RoadError) in
      guard event == .idle else { return }
      if calls.add(1, ordering: .relaxed).newValue == 2 { throw Self.diskFull }
    }
    let lane = SinkLane(sink, policy: .newest)
    try lane.start(TestFrames.session)
    #expect(eventually { calls.load(ordering: .relaxed) >= 4 })
    #expect(lane.finish())
    #expect(sink.events == [.start, .stop, .start, .stop])
    #expect(lane.statistics().restarts == 1)
  }
}
