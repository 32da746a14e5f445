import Dispatch
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSink
import RoadTelemetry
import Synchronization

/// A source that does what its script says, step after step, and then ends.
final class ScriptedSource: FrameSource, @unchecked Sendable {
  enum Step {
    /// A good frame; `skipped` and `lost` frame numbers before it.
    case frame(skipped: Int, lost: Int)
    case corrupt(CorruptFrame)
    /// A frame that the source holds good and the decoder does not.
    case torn
    case misfit
    case timeout
    case disconnect
    /// Waits until the semaphore is signalled, then goes on to the next step.
    case wait(DispatchSemaphore)
    case signal(DispatchSemaphore)
    /// Nanoseconds until the next step.
    case pause(UInt64)

    static let frame = Step.frame(skipped: 0, lost: 0)
  }

  static let size = PictureSize(width: 32, height: 24)
  let properties: SourceProperties
  private let script: [Step]
  private var next = 0
  private var sequence: UInt64 = 0
  let startCount = Atomic<Int>(0)
  let stopCount = Atomic<Int>(0)

  init(_ script: [Step], isLive: Bool, size: PictureSize = ScriptedSource.size) {
    self.script = script
    properties = SourceProperties(
      name: "script", size: size, format: .rgbx, nominalRate: nil, isLive: isLive, frameCount: nil,
      maximumFrameBytes: size.pixels * 4)
  }

  func start() throws(RoadError) { startCount.add(1, ordering: .relaxed) }
  func stop() { stopCount.add(1, ordering: .relaxed) }

  func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    while next < script.count {
      let step = script[next]
      next += 1
      switch step {
      case .frame(let skipped, let lost):
        sequence += UInt64(skipped + lost)
        fill(frame)
        return .frame(skipped: skipped, lost: lost)
      case .torn:
        fill(frame)
        frame.byteCount = 7
        return .frame(skipped: 0, lost: 0)
      case .misfit:
        fill(frame)
        frame.size.width += 2
        return .frame(skipped: 0, lost: 0)
      case .corrupt(let damage):
        sequence += 1
        return .corrupt(damage)
      case .timeout: return .timedOut
      case .disconnect: return .disconnected
      case .wait(let semaphore): semaphore.wait()
      case .signal(let semaphore): semaphore.signal()
      case .pause(let nanoseconds): SystemThread.sleep(nanoseconds: nanoseconds)
      }
    }
    return .ended
  }

  /// Every byte tells the frame's number.
  private func fill(_ frame: Frame) {
    frame.size = properties.size
    frame.format = .rgbx
    frame.rowPitch = properties.size.width * 4
    frame.byteCount = frame.rowPitch * properties.size.height
    frame.sequence = sequence
    frame.timestamp = MonotonicClock.now()
    frame.bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: sequence))
    sequence += 1
  }
}

/// A segmenter whose class map is the red of the picture.
final class FakeSegmenter: Segmenter {
  let name = "fake"
  let classes = ClassTable.driving7
  let pictureSize: PictureSize
  private let before: @Sendable () -> Void

  init(_ size: PictureSize, before: @escaping @Sendable () -> Void = {}) {
    pictureSize = size
    self.before = before
  }

  func segment(_ pixels: FramePixels, into map: ClassMap) -> SegmentationTimes {
    before()
    guard case .picture(let picture) = pixels else { preconditionFailure("scripted frames are RGBX") }
    for y in 0..<pictureSize.height {
      for x in 0..<pictureSize.width { map.bytes[y * pictureSize.width + x] = picture.row(y)[x * 4] }
    }
    return SegmentationTimes(scale: 1000, network: 2000, classMap: 3000)
  }
}

/// Remembers which frames were shown, and whether picture and map were those of the frame.
final class RecordingSink: FrameSink {
  struct Seen: Hashable {
    var ordinal: Int
    var sequence: UInt64
    var isWhole: Bool
  }

  let name = "recording"
  private let list = Mutex<[Seen]>([])
  private let before: @Sendable (ShownFrame) throws(RoadError) -> Void

  init(before: @escaping @Sendable (ShownFrame) throws(RoadError) -> Void = { _ in }) { self.before = before }

  var seen: [Seen] { list.withLock { $0 } }

  func receive(_ frame: ShownFrame) throws(RoadError) {
    try before(frame)
    let byte = UInt8(truncatingIfNeeded: frame.stamp.sequence)
    let isWhole = frame.map.bytes.allSatisfy { $0 == byte } && frame.canvas.picture?.base[0] == byte
    list.withLock {
      $0.append(Seen(ordinal: frame.stamp.ordinal, sequence: frame.stamp.sequence, isWhole: isWhole))
    }
  }
}

extension PipelineOptions {
  /// Pictures as they are.
  static let plain = PipelineOptions(style: nil)
}

extension Pipeline {
  convenience init(
    _ source: ScriptedSource, sinks: [any FrameSink] = [], lanes: [SinkLane] = [], options: PipelineOptions = .plain,
    before: @escaping @Sendable () -> Void = {}
  ) throws {
    try self.init(source: source, sinks: sinks, lanes: lanes, options: options) { size in
      FakeSegmenter(size, before: before)
    }
  }
}

/// A sink for a lane that counts what it is told.
final class TallySink: FrameSink {
  struct Tally {
    var captured: [Int] = []
    var shown: [Int] = []
    var fates = FateCounts()
    var frames = 0
    var stops = 0
  }

  let name = "tally"
  let interest: SinkInterest
  private let state = Mutex(Tally())
  private let before: @Sendable (ShownFrame) throws(RoadError) -> Void

  init(
    _ interest: SinkInterest = [.captured, .map, .fates],
    before: @escaping @Sendable (ShownFrame) throws(RoadError) -> Void = { _ in }
  ) {
    self.interest = interest
    self.before = before
  }

  var tally: Tally { state.withLock { $0 } }

  func receive(_ frame: CapturedFrame) throws(RoadError) { state.withLock { $0.captured.append(frame.stamp.ordinal) } }

  func receive(_ frame: ShownFrame) throws(RoadError) {
    try before(frame)
    state.withLock { $0.shown.append(frame.stamp.ordinal) }
  }

  func receive(_ frames: SettledFrames) throws(RoadError) {
    state.withLock { tally in
      tally.frames += frames.count
      tally.fates[frames.fate] += frames.count
      tally.fates += frames.missed
    }
  }

  func stop() { state.withLock { $0.stops += 1 } }
}
