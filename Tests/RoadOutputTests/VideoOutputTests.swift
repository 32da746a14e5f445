import Glibc
import RoadBase
import RoadFrame
import RoadOutput
import RoadSink
import RoadTelemetry
import Synchronization
import Testing

/// A video device that does what its script says.
private final class ScriptedPort: VideoOutputPort {
  struct State {
    var openCodes: [Int32] = []
    var writeCodes: [Int32] = []
    var isOutput = true
    var size: PictureSize?
    var isOpen = false
    var frames: [[UInt8]] = []
    var calls: [String] = []
  }

  let state: Mutex<State>

  init(_ change: (inout State) -> Void = { _ in }) {
    var state = State()
    change(&state)
    self.state = Mutex(state)
  }

  func open(_ path: String) -> Int32 {
    state.withLock { state in
      state.calls.append("open \(path)")
      let code = state.openCodes.isEmpty ? 0 : state.openCodes.removeFirst()
      state.isOpen = code == 0
      return code
    }
  }

  var isOutput: Bool { state.withLock { $0.isOutput } }

  func set(size: PictureSize, rate: Double?) -> PictureSize? { state.withLock { $0.size } ?? size }

  func write(_ bytes: UnsafeRawBufferPointer, until deadline: UInt64) -> Int32 {
    state.withLock { state in
      let code = state.writeCodes.isEmpty ? 0 : state.writeCodes.removeFirst()
      if code == 0 { state.frames.append(Array(bytes)) }
      return code
    }
  }

  func close() {
    state.withLock { state in
      state.calls.append("close")
      state.isOpen = false
    }
  }
}

@Suite struct VideoOutputTests {
  private let frames = PatternFrames()

  private func error(_ port: ScriptedPort) -> String {
    do throws(RoadError) {
      try VideoOutput(path: "/dev/video9", port: port).start(frames.session())
      return "started"
    } catch {
      return "\(error)"
    }
  }

  @Test("what is wrong is said with its remedy, and nothing stays open")
  func refusals() {
    let missing = error(ScriptedPort { $0.openCodes = [ENOENT] })
    #expect(missing.contains("no such") || missing.contains("No such"))
    #expect(missing.contains("modprobe v4l2loopback"))
    #expect(error(ScriptedPort { $0.openCodes = [EACCES] }).contains("usermod -aG video"))
    #expect(error(ScriptedPort { $0.openCodes = [EBUSY] }).contains("end the program"))
    let camera = ScriptedPort { $0.isOutput = false }
    #expect(error(camera).contains("takes no pictures"))
    #expect(camera.state.withLock { $0.calls } == ["open /dev/video9", "close"])
    let small = ScriptedPort { $0.size = PictureSize(width: 32, height: 24) }
    #expect(error(small).contains("give --size 32x24"))
    #expect(small.state.withLock { !$0.isOpen })
  }

  @Test("a picture is YUYV of its size, one write a frame")
  func pictures() throws {
    let port = ScriptedPort()
    let sink = VideoOutput(path: "/dev/video9", port: port)
    try sink.start(frames.session())
    for ordinal in 0..<3 { try sink.receive(frames.shown(ordinal)) }
    #expect(sink.interest.contains(.notices))
    try sink.receive(NoticeTests.notice(at: 1))
    sink.stop()
    let written = port.state.withLock { $0.frames }
    #expect(written.map(\.count) == [6144, 6144, 6144, 6144])
    #expect(written[3].enumerated().allSatisfy { $1 == ($0 % 2 == 0 ? 235 : 128) }, "a white notice")
    // Black at the left edge below the block: Y 16, U 128, Y, V 128.
    #expect(written[1][47 * 128] == 16 && written[1][47 * 128 + 1] == 128 && written[1][47 * 128 + 3] == 128)
    #expect(Set(written).count == 4)
  }

  @Test("a device that goes away and comes back costs its frames, and is opened again from the beginning")
  func comesBack() throws {
    let port = ScriptedPort { state in
      state.openCodes = [0, ENODEV, 0]
      state.writeCodes = [0, ENODEV, 0]
    }
    let lane = SinkLane(VideoOutput(path: "/dev/video9", port: port), policy: .newest)
    try lane.start(frames.session())
    var ordinal = 0
    let deadline = MonotonicClock.now() + 10_000_000_000
    while port.state.withLock({ $0.frames.count }) < 4, MonotonicClock.now() < deadline {
      lane.offer(frames.shown(ordinal))
      ordinal += 1
      usleep(20_000)
    }
    lane.close()
    _ = lane.wait(until: MonotonicClock.now() + 5_000_000_000)
    lane.end()
    let statistics = lane.statistics()
    #expect(statistics.shown[.gone] == 1)
    #expect(statistics.restarts == 2)
    #expect(statistics.shown.waiting == 0)
    #expect(port.state.withLock { $0.calls.filter { $0 == "open /dev/video9" }.count } == 3)
    #expect(port.state.withLock { !$0.isOpen })
  }

  @Test("the kernel's door: a file is no device, and a missing node is told by its number")
  func kernel() throws {
    try withFolder { folder in
      try FileOutput.write("road", to: "\(folder)/video7")
      let port = KernelVideoOutput()
      #expect(port.open("\(folder)/video7") == 0)
      #expect(!port.isOutput)
      port.close()
      #expect(KernelVideoOutput().open("\(folder)/video8") == ENOENT)
    }
  }
}
