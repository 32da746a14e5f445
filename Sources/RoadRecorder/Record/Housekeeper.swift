import Glibc
import RoadBase
import Synchronization

/// What a recorder has done by a thread of its own: mending what a crash left, making the next segment's file, deleting
/// what is too much. None of it may hold up the chunk that is due.
final class Housekeeper: Sendable {
  struct Findings: Sendable {
    var deletedSegments = 0
    var deletedBytes: UInt64 = 0
    var recovered: [String] = []
    var freeBytes: UInt64?
    /// For the log of the recording.
    var remarks: [String] = []
  }

  private struct State {
    var isEnded = false
    var isDue = true
    var wantsRecovery = true
    var wantsNext = false
    var next: SegmentFile?
    var openSegment: SegmentName?
    var findings = Findings()
    var limits: RetentionLimits
    /// Bytes to set aside for each segment.
    var reserved: UInt64
  }

  private let folder: SegmentFolder
  private let state: Mutex<State>
  private let monitor = Monitor()

  private static let interval: UInt64 = 2_000_000_000
  private static let temporaryPrefix = ".next-"

  /// - Parameter reserved: bytes to set aside for each segment.
  init(folder: SegmentFolder, limits: RetentionLimits, reserved: UInt64) throws(RoadError) {
    self.folder = folder
    state = Mutex(State(limits: limits, reserved: reserved))
    _ = try SystemThread("road-disk") { [self] in work() }
  }

  func change(limits: RetentionLimits, reserved: UInt64) {
    state.withLock { state in
      (state.limits, state.reserved) = (limits, reserved)
      state.isDue = true
    }
    monitor.locked { monitor.wakeAll() }
  }

  /// The thread ends by itself, after the file at which it is.
  func end() {
    state.withLock { $0.isEnded = true }
    discardNext()
    monitor.locked { monitor.wakeAll() }
  }

  /// Gives back the disk space that was set aside for a segment which nobody needs now.
  func discardNext() {
    let next = state.withLock { state in
      state.wantsNext = false
      defer { state.next = nil }
      return state.next
    }
    if let next { unlink(next.path) }
  }

  /// - Parameter segment: the one that is being written, never deleted.
  func note(open segment: SegmentName?) {
    state.withLock { state in
      state.openSegment = segment
      state.isDue = true
      state.wantsNext = segment != nil
    }
    monitor.locked { monitor.wakeAll() }
  }

  /// Looks for segments that were not closed, once more.
  func recover() {
    state.withLock { state in
      state.wantsRecovery = true
      state.isDue = true
    }
    monitor.locked { monitor.wakeAll() }
  }

  /// The file made ahead, if it is there.
  func takeNext() -> SegmentFile? {
    state.withLock { state in
      defer { state.next = nil }
      return state.next
    }
  }

  func takeFindings() -> Findings {
    state.withLock { state in
      defer { state.findings = Findings(freeBytes: state.findings.freeBytes) }
      return state.findings
    }
  }

  /// Deletes what the limits do not allow.
  func enforceLimits() {
    let (open, limits) = state.withLock { ($0.openSegment, $0.limits) }
    let free = folder.freeBytes()
    state.withLock { $0.findings.freeBytes = free }
    guard limits != RetentionLimits(), var segments = try? folder.segments() else { return }
    for index in segments.indices where segments[index].name == open { segments[index].isOpen = true }
    let now = RecordingClock.wall() / 1_000_000_000
    for segment in Retention.expired(segments, limits: limits, free: free ?? .max, now: now) {
      do throws(RoadError) {
        try folder.delete(segment.name)
        state.withLock { state in
          state.findings.deletedSegments += 1
          state.findings.deletedBytes += segment.bytes
        }
      } catch { remark("\(error)") }
    }
  }

  private func work() {
    while !state.withLock({ $0.isEnded }) {
      let (wantsNext, wantsRecovery) = state.withLock { state in
        state.isDue = false
        defer { state.wantsRecovery = false }
        return (state.wantsNext && state.next == nil, state.wantsRecovery)
      }
      if wantsRecovery { recoverSegments() }
      enforceLimits()
      if wantsNext { makeNext() }
      waitForWork()
    }
  }

  private func waitForWork() {
    let deadline = MonotonicClock.now() + Self.interval
    monitor.locked {
      while !state.withLock({ $0.isEnded || $0.isDue }), monitor.wait(until: deadline) {}
    }
  }

  private func makeNext() {
    let path = "\(folder.path)/\(Self.temporaryPrefix)\(getpid())"
    // On a small disk a part of what is free: the running segment needs some, too.
    let size = min(state.withLock { $0.reserved }, (folder.freeBytes() ?? 0) / 4)
    guard let file = try? SegmentFile(temporary: path, reserving: size) else { return }
    let isTooLate = state.withLock { state in
      if state.isEnded || !state.wantsNext { return true }
      state.next = file
      state.wantsNext = false
      return false
    }
    if isTooLate { unlink(path) }
  }

  private func recoverSegments() {
    guard let names = try? folder.fileNames() else { return }
    for name in names where name.hasPrefix(Self.temporaryPrefix) && !name.hasSuffix("-\(getpid())") {
      unlink("\(folder.path)/\(name)")
    }
    for name in names.compactMap(SegmentName.init).sorted() where !state.withLock({ $0.isEnded }) {
      let path = folder.path(of: name)
      guard state.withLock({ $0.openSegment }) != name, !Self.endsProperly(path) else { continue }
      do throws(RoadError) {
        let report = try MCAPRecovery.mend(path)
        // Its recorder closed it while the lock was waited for.
        if report.wasWhole { continue }
        state.withLock { $0.findings.recovered.append(path) }
        remark("\(path): was not closed; mended, \(report.messages) messages, \(report.tornBytes) torn bytes cut off")
      } catch { remark("\(error)") }
    }
  }

  /// By its last bytes: a look at every file of a full disk must not take long.
  private static func endsProperly(_ path: String) -> Bool {
    guard let file = try? ReadableFile(path: path), file.size >= UInt64(MCAP.magic.count) else { return false }
    let last = try? file.peek(MCAP.magic.count, at: file.size - UInt64(MCAP.magic.count))
    return last?.elementsEqual(MCAP.magic) ?? false
  }

  private func remark(_ text: String) {
    state.withLock { state in
      if state.findings.remarks.count < 100 { state.findings.remarks.append(text) }
    }
  }
}
