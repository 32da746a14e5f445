import CAllocationCounter
import RoadBase
import RoadRecorder
import RoadSink
import Testing

/// The frame's way takes no memory while it is recorded: what the recorder takes, it takes on a thread of its own.
@Suite struct AllocationTests {
  @Test func offeringFramesToARecorderTakesNoMemory() throws {
    try withFolder { folder in
      var options = RecorderOptions(folder: "\(folder)/rec")
      options.chunkDuration = 20_000_000
      let recorder = Recorder(options)
      let lane = SinkLane(recorder, policy: .queue(bytes: 8 << 20))
      try lane.start(FakeRun.session)
      let maps = (0..<8).map(FakeRun.map)
      func offer(_ ordinal: Int) {
        FakeRun.offer(ordinal, maps[ordinal % maps.count], to: lane)
        usleepBriefly()
      }
      for ordinal in 0..<100 { offer(ordinal) }
      let before = allocation_count_of_this_thread()
      for ordinal in 100..<400 { offer(ordinal) }
      #expect(allocation_count_of_this_thread() == before)
      lane.close()
      _ = lane.wait(until: MonotonicClock.now() + 5_000_000_000)
      lane.end()
      #expect(recorder.statistics.images == 400 && recorder.statistics.masks == 400)
    }
  }
}
