import Glibc
import RoadBase
import Synchronization

/// What every thread did with every frame, as a file for ui.perfetto.dev, chrome://tracing and Perfetto's trace
/// processor.
///
/// The stages note events into a ring of fixed size: a lock and a store each, nothing is allocated, nothing throws and
/// nobody waits. A thread of its own turns them into text and writes them. What does not fit the ring is counted, at
/// ``Limits/bytes`` the trace ends, and an error of the disk ends the trace and not the run.
public final class FrameTrace: Sendable {
  public struct Limits: Sendable {
    /// Events that may wait for the writer: some seconds of a network of 100 layers at 100 frames a second.
    public var events = 1 << 16
    /// Of the file.
    public var bytes = 1 << 30

    public init(events: Int = 1 << 16, bytes: Int = 1 << 30) {
      self.events = events
      self.bytes = bytes
    }
  }

  public struct Summary: Hashable, Sendable {
    public var events = 0
    /// That found the ring full.
    public var lost = 0
    public var bytes = 0
    /// Nanoseconds that the writer's thread has computed; told once the trace is finished.
    public var writerNanoseconds: UInt64 = 0
    /// Why it ended before the run; nil where it did not.
    public var ending: String?
  }

  /// The threads that the pipeline has in any case.
  public enum Stage: Int, CaseIterable, Sendable {
    case camera = 1
    case capture, infer, draw
  }

  private struct State {
    var first = 0
    var end = 0
    var isClosed = false
    var tracks: [[UInt8]] = []
    var words: [[UInt8]] = []
    var summary = Summary()
  }

  public let path: String
  private let limits: Limits
  private let ring: Ring
  private let monitor = Monitor()
  private let state: Guarded<State>
  private let descriptor: Int32
  private let thread = Mutex<SystemThread?>(nil)

  private static let writeInterval: UInt64 = 100_000_000

  /// Makes the file and starts the writer.
  ///
  /// - Throws: `.output` when the file cannot be made.
  public init(path: String, limits: Limits = Limits()) throws(RoadError) {
    self.path = path
    self.limits = limits
    switch System.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644) {
    case .done(let number): descriptor = Int32(number)
    case .failed(let code):
      throw RoadError(
        .output, "\(path): cannot be written: \(System.words(code))", remedy: "choose another place for the trace",
        code: code)
    }
    ring = Ring(capacity: limits.events)
    state = Guarded(State())
    for name in ["camera", "capture", "infer", "draw"] { _ = track(name) }
    let writer = try SystemThread("road-trace") { [self] in write() }
    thread.withLock { $0 = writer }
  }

  // MARK: - Names, before frames flow

  /// A row of the picture; `Stage` has the first ones.
  public func track(_ name: String) -> Int {
    monitor.locked {
      state.value.tracks.append(TraceText.quoted(name))
      return state.value.tracks.count
    }
  }

  public func word(_ text: String) -> Int {
    monitor.locked {
      state.value.words.append(TraceText.quoted(text))
      return state.value.words.count - 1
    }
  }

  // MARK: - Events, from any thread

  /// - Parameters:
  ///   - frame: ordinal; nil for work that belongs to none.
  ///   - from, to: nanoseconds of the monotonic clock.
  public func work(_ track: Int, _ word: Int, frame: Int?, from: UInt64, to: UInt64) {
    add(
      TraceEvent(
        kind: .work, track: Int32(track), word: Int32(word), time: from, duration: to - min(from, to),
        frame: Int64(frame ?? -1)))
  }

  public func moment(_ track: Int, _ word: Int, reason: Int, frame: Int, at time: UInt64) {
    add(
      TraceEvent(
        kind: .moment, track: Int32(track), word: Int32(word), reason: Int32(reason), time: time, frame: Int64(frame)))
  }

  public enum Flow: Sendable { case begins, passes, ends }

  /// - Parameter branch: 0 for the way through the stages, 1... for that to a sink; below 32.
  public func flow(_ flow: Flow, _ track: Int, frame: Int, branch: Int = 0, at time: UInt64) {
    let kind: TraceEvent.Kind =
      switch flow {
      case .begins: .flowBegins
      case .passes: .flowPasses
      case .ends: .flowEnds
      }
    add(
      TraceEvent(
        kind: kind, track: Int32(track), word: -1, time: time, duration: UInt64(min(branch, 31)), frame: Int64(frame)))
  }

  /// A point of a curve.
  public func value(_ word: Int, thousandths: UInt64, at time: UInt64) {
    add(TraceEvent(kind: .value, track: 0, word: Int32(word), time: time, duration: thousandths, frame: -1))
  }

  private func add(_ event: TraceEvent) {
    monitor.locked {
      guard !state.value.isClosed, state.value.end - state.value.first < limits.events else {
        state.value.summary.lost += state.value.isClosed ? 0 : 1
        return
      }
      ring[state.value.end] = event
      state.value.end += 1
    }
  }

  // MARK: - The end

  /// Writes what waits and closes the file.
  @discardableResult
  public func finish() -> Summary {
    monitor.locked {
      state.value.isClosed = true
      monitor.wakeAll()
    }
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
    return summary
  }

  public var summary: Summary { monitor.locked { state.value.summary } }

  // MARK: - The writer's thread

  private func write() {
    let text = TraceText()
    text.put("[\n{\"pid\":1,\"ph\":\"M\",\"name\":\"process_name\",\"args\":{\"name\":\"roadseg\"}},\n")
    var named = 0
    var isOver = false
    while !isOver {
      let batch = next()
      isOver = batch.isClosed && batch.first == batch.end
      let names = monitor.locked { (state.value.tracks, state.value.words) }
      while named < names.0.count {
        text.put(threadName: names.0[named], track: named + 1)
        named += 1
      }
      for number in batch.first..<batch.end {
        text.put(ring[number], words: names.1)
        if text.isFull { flush(text) }
      }
      flush(text)
      monitor.locked {
        state.value.first = batch.end
        state.value.summary.events += batch.end - batch.first
      }
    }
    // The last line has no comma, and names the lost events.
    text.put("{\"pid\":1,\"ph\":\"M\",\"name\":\"process_labels\",\"args\":{\"labels\":\"lost events: ")
    text.put(UInt64(summary.lost))
    text.put("\"}}\n]\n")
    _ = System.writeAll(descriptor, text.written)
    System.close(descriptor)
    let computed = ProcessUsage.threadNanoseconds()
    monitor.locked { state.value.summary.writerNanoseconds = computed }
  }

  private func next() -> (first: Int, end: Int, isClosed: Bool) {
    let deadline = MonotonicClock.now() + Self.writeInterval
    return monitor.locked {
      while !state.value.isClosed, state.value.end - state.value.first < limits.events / 2 {
        if !monitor.wait(until: deadline) { break }
      }
      return (state.value.first, state.value.end, state.value.isClosed)
    }
  }

  private func flush(_ text: TraceText) {
    defer { text.removeAll() }
    let (written, ending) = monitor.locked { (state.value.summary.bytes, state.value.summary.ending) }
    guard ending == nil, !text.written.isEmpty else { return }
    let code = System.writeAll(descriptor, text.written)
    monitor.locked {
      state.value.summary.bytes = written + text.count
      if code != 0 { end(System.words(code)) }
      if written + text.count > limits.bytes { end("the file has \(limits.bytes >> 20) MiB") }
    }
  }

  /// Under the lock.
  private func end(_ reason: String) {
    state.value.summary.ending = reason
    state.value.isClosed = true
  }
}

/// Events by their number since the start; a number is used by one thread at a time.
private final class Ring: @unchecked Sendable {
  private let events: UnsafeMutablePointer<TraceEvent>
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    events = .allocate(capacity: capacity)
    events.initialize(
      repeating: TraceEvent(kind: .moment, track: 0, word: -1, time: 0, frame: -1), count: capacity)
  }

  deinit { events.deallocate() }

  subscript(number: Int) -> TraceEvent {
    get { events[number % capacity] }
    set { events[number % capacity] = newValue }
  }
}

/// A value that the monitor of its owner guards.
private final class Guarded<Value>: @unchecked Sendable {
  var value: Value

  init(_ value: Value) { self.value = value }
}
