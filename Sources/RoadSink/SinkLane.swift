import RoadBase
import RoadFrame
import RoadMask
import RoadTelemetry

/// A sink with a thread and a bounded memory of its own, so that a slow, full or hanging disk or network costs frames
/// of this sink and nothing else.
///
/// The pipeline's threads copy into memory that was taken at the start and go on; they never see the sink's errors.
/// They wait for room in a queue only where frames do not come by the clock: then a slow disk sets the pace and every
/// frame is kept. After an error the lane stops the sink, waits a little and starts it again, as often as needed. What
/// was offered ends in one bin: delivered, superseded by a newer frame, too much memory, failed for a reason, or
/// unfinished at the end.
public final class SinkLane: @unchecked Sendable {
  public enum Policy: Hashable, Sendable {
    /// While the sink is busy one frame of a kind waits; a newer one takes its place.
    case newest
    /// Every frame, as long as so many bytes hold those that wait.
    /// A source that is not live waits for room.
    case queue(bytes: Int)
  }

  public enum FirstStart: Sendable {
    /// An error at the first start is the caller's: the user gave a path that cannot be written.
    case required
    /// It is tried again as after any other error: a disk that is plugged in later.
    case retried
  }

  public let sink: any FrameSink
  public let policy: Policy
  private let firstStart: FirstStart
  private let workTimes = LatencyHistogram()
  private let latencies = LatencyHistogram()
  /// Set before the start.
  private var trace: (trace: FrameTrace, track: Int, word: Int, branch: Int)?
  private var queue: LaneQueue?
  private var thread: SystemThread?

  /// Guarded by the monitor, as all below.
  private let monitor = Monitor()
  private enum Phase { case starting, started, refused, ended }
  private var phase = Phase.starting
  private var startError: RoadError?
  private var trouble: (since: UInt64, reason: String)?
  private var lastError: RoadError?
  private var restarts = 0

  /// Nanoseconds between two tries to start a sink that failed.
  private static let retryPause: UInt64 = 250_000_000
  /// Nanoseconds that the first start may take before the pipeline goes on without it.
  private static let startPatience: UInt64 = 2_000_000_000
  /// Nanoseconds without an event between two calls of `idle`.
  private static let idleInterval: UInt64 = 200_000_000
  /// Nanoseconds at one frame after which a sink counts as stuck.
  private static let stuckAfter: UInt64 = 1_000_000_000

  public init(_ sink: any FrameSink, policy: Policy, firstStart: FirstStart = .required) {
    self.sink = sink
    self.policy = policy
    self.firstStart = firstStart
  }

  /// From its start on the lane notes its work there. Call it before the start.
  ///
  /// - Parameter branch: number of this lane's flow, from 1.
  public func trace(_ trace: FrameTrace, branch: Int) {
    precondition(queue == nil, "lane \(sink.name) traced after its start")
    self.trace = (trace, trace.track(sink.name), trace.word(sink.name), branch)
  }

  /// Takes the memory, starts the thread and, on it, the sink. Call it once, before any offer.
  ///
  /// - Throws: the sink's error where the first start is required; when the system gives no thread.
  public func start(_ session: SinkSession) throws(RoadError) {
    precondition(queue == nil, "lane \(sink.name) started twice")
    let queue = LaneQueue(
      newestWins: policy == .newest, waits: !session.source.isLive,
      memory: LaneMemory(
        policy: policy, interest: sink.interest, size: session.source.size,
        frameBytes: session.source.maximumFrameBytes, canvas: session.canvas, figures: session.figures))
    self.queue = queue
    thread = try SystemThread("road-\(sink.name)") { [self] in
      work(session, queue)
      monitor.locked {
        phase = phase == .refused ? .refused : .ended
        monitor.wakeAll()
      }
    }
    let deadline = MonotonicClock.now() + Self.startPatience
    let error = monitor.locked {
      while phase == .starting, monitor.wait(until: deadline) {}
      return phase == .refused ? startError : nil
    }
    guard let error else { return }
    thread?.join()
    thread = nil
    throw error
  }

  // MARK: - Offers: one thread for each kind

  public func offer(_ frame: CapturedFrame) {
    if sink.interest.contains(.captured) { queue?.offer(frame) }
  }

  public func offer(_ frame: ShownFrame) {
    if sink.interest.wantsShown { queue?.offer(frame) }
  }

  /// From the thread that offers shown frames.
  public func offer(_ notice: VideoNotice) {
    if sink.interest.contains([.notices, .picture]) { queue?.offer(notice) }
  }

  public func offer(_ frames: SettledFrames) {
    if sink.interest.contains(.fates) { queue?.offer(frames) }
  }

  // MARK: - The end

  /// Nothing more will be offered; the sink gets what waits, then its stop.
  public func close() { queue?.close() }

  /// After `close`, from any thread: gives up what waits, and the sink gets its stop.
  public func abandon() { queue?.abandon() }

  /// A stop was asked for: no offer waits for room any more.
  public func stopWaiting() { queue?.stopWaiting() }

  /// Waits until the sink has had its stop.
  ///
  /// - Parameter deadline: nanoseconds of the monotonic clock.
  /// - Returns: false if it has not by then.
  public func wait(until deadline: UInt64) -> Bool {
    monitor.locked {
      while !hasEnded {
        if !monitor.wait(until: deadline) { return hasEnded }
      }
      return true
    }
  }

  /// After `close`: gives up what still waits. A sink that hangs in one call is left behind with its thread and memory.
  ///
  /// - Returns: whether the sink has had its stop.
  @discardableResult
  public func end() -> Bool {
    queue?.abandon()
    guard wait(until: MonotonicClock.now() + Self.retryPause / 2) else { return false }
    thread?.join()
    thread = nil
    return true
  }

  private var hasEnded: Bool { thread == nil || phase == .ended || phase == .refused }

  // MARK: - Statistics

  public func statistics() -> SinkStatistics {
    let state = monitor.locked { (phase: phase, trouble: trouble, restarts: restarts, lastError: lastError) }
    var statistics = SinkStatistics(
      name: sink.name, destination: sink.destination, health: .starting, captured: SinkCounts(), shown: SinkCounts(),
      waitingBytes: 0,
      capacityBytes: queue?.memory.capacity ?? 0, restarts: state.restarts, lastError: state.lastError)
    let busySince = queue.map { queue in
      queue.monitor.locked {
        (statistics.captured, statistics.shown) = (queue.captured, queue.shown)
        statistics.waitingBytes = queue.waitingBytes
        return queue.busySince
      }
    }
    statistics.work = workTimes.summary()
    statistics.latency = latencies.summary()
    let now = MonotonicClock.now()
    statistics.health =
      if let trouble = state.trouble {
        .failing(since: trouble.since, reason: trouble.reason)
      } else if let busySince, busySince > 0, now > busySince + Self.stuckAfter {
        .stuck(since: busySince)
      } else {
        switch state.phase {
        case .starting: .starting
        case .started: .ok
        case .refused, .ended: .stopped
        }
      }
    return statistics
  }
}

// MARK: - The lane's thread

extension SinkLane {
  private func work(_ session: SinkSession, _ queue: LaneQueue) {
    var isStarted = begin(session)
    if !isStarted, firstStart == .required {
      monitor.locked {
        phase = .refused
        monitor.wakeAll()
      }
      return
    }
    monitor.locked {
      phase = .started
      monitor.wakeAll()
    }
    while true {
      if !isStarted {
        guard queue.pause(nanoseconds: Self.retryPause) else { break }
        monitor.locked { restarts += 1 }
        isStarted = begin(session)
        continue
      }
      switch queue.take(timeout: Self.idleInterval) {
      case .event(let entry):
        isStarted = attempt { () throws(RoadError) in
          try receive(entry, queue.memory)
        } after: {
          queue.release(entry, failure: $0.map(SinkFailure.init))
        }
      case .nothingYet: isStarted = attempt { () throws(RoadError) in try sink.idle() }
      case .ended: return end(queue, isStarted)
      }
    }
    end(queue, isStarted)
  }

  private func end(_ queue: LaneQueue, _ isStarted: Bool) {
    queue.abandon()
    if isStarted { sink.stop() }
  }

  private func begin(_ session: SinkSession) -> Bool {
    do throws(RoadError) {
      try sink.start(session)
      return true
    } catch {
      note(error)
      return false
    }
  }

  /// - Returns: false when the sink failed and was stopped.
  private func attempt(
    _ work: () throws(RoadError) -> Void, after: (RoadError?) -> Void = { _ in }
  ) -> Bool {
    do throws(RoadError) {
      try work()
      after(nil)
      recovered()
      return true
    } catch {
      after(error)
      note(error)
      sink.stop()
      return false
    }
  }

  private func receive(_ entry: LaneQueue.Entry, _ memory: LaneMemory) throws(RoadError) {
    switch entry.kind {
    case .captured:
      let bytes = memory.capturedBytes(entry.piece.offset, entry.byteCount)
      try sink.receive(
        CapturedFrame(
          stamp: entry.stamp, format: entry.format, size: entry.size, rowPitch: entry.rowPitch,
          yuvEncoding: entry.yuvEncoding, bytes: UnsafeRawBufferPointer(bytes)))
    case .shown:
      let began = MonotonicClock.now()
      try sink.receive(
        ShownFrame(
          stamp: entry.stamp, canvas: memory.pictures.isEmpty ? nil : memory.pictures[entry.slot],
          map: memory.maps.isEmpty ? nil : memory.maps[entry.slot],
          figures: memory.figures.isEmpty ? nil : memory.figures[entry.slot], insight: entry.insight))
      note(entry.stamp, began: began, done: MonotonicClock.now())
    case .notice:
      try sink.receive(VideoNotice(canvas: memory.pictures[entry.slot], time: entry.stamp.timestamp))
    case .settled: try sink.receive(entry.settled)
    }
  }

  private func note(_ stamp: FrameStamp, began: UInt64, done: UInt64) {
    workTimes.record(nanoseconds: done - began)
    latencies.record(nanoseconds: done - min(stamp.timestamp, done))
    guard let (trace, track, word, branch) = trace else { return }
    trace.work(track, word, frame: stamp.ordinal, from: began, to: done)
    trace.flow(.ends, track, frame: stamp.ordinal, branch: branch, at: began)
  }

  private func recovered() {
    let wasFailing = monitor.locked {
      defer { trouble = nil }
      return trouble != nil
    }
    if wasFailing { queue?.set(isFailing: false) }
  }

  private func note(_ error: RoadError) {
    queue?.set(isFailing: true)
    monitor.locked {
      startError = startError ?? error
      lastError = error
      trouble = (trouble?.since ?? MonotonicClock.now(), error.cause)
    }
  }
}
