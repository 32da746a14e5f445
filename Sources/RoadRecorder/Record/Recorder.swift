import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadSink
import RoadTelemetry
import Synchronization

/// Records a run to disk: the sink behind `roadseg record`.
///
/// It runs in a lane of its own: the lane's memory bounds what waits for a slow disk, and an error here costs the
/// recording frames, which the lane counts, and nobody else. All messages go through one chunk at a time, which is
/// closed by time or size and then written, or kept for a trigger. After an error the lane starts the recorder again:
/// it goes on in a new segment, with the chunk that the disk did not take.
public final class Recorder: FrameSink, @unchecked Sendable {
  public let name = "recorder"
  public let interest: SinkInterest = [.captured, .map, .fates]

  private var options: RecorderOptions
  private let store: SegmentStore
  private var composer: MessageComposer?
  private var compressor: ZstdCompressor?
  private var preRoll: PreRoll?
  /// With a trigger: recording until then, by the monotonic clock; 0 while it waits.
  private var recordsUntil: UInt64 = 0
  /// Somebody stopped it by hand, and nobody started it again.
  private var isPaused = false
  private var chunkStart: UInt64 = 0
  private var lastCheck: UInt64 = 0
  private var fileStamp: FileStamp?
  /// The same in all segments of a run; ordinals count within it.
  private let runID = UUID().uuidString
  private var totals = RecorderStatistics()

  /// What other threads hand over or ask for.
  private let inbox = Mutex(Inbox())
  private let shared = Mutex(RecorderStatistics())

  private struct Inbox {
    var statistics: [[UInt8]] = []
    var log: [(level: LogRecord.Level, message: String)] = []
    var triggers: [String] = []
    var options: RecorderOptions?
    /// By hand: the last one counts.
    var wanted: Bool?
    var described: [String: String] = [:]
  }

  /// Messages that wait; whoever floods the log loses lines.
  private static let inboxCapacity = 64
  private static let checkInterval: UInt64 = 250_000_000

  public init(_ options: RecorderOptions) {
    self.options = options
    store = SegmentStore(options: options)
  }

  // MARK: From any thread

  public var statistics: RecorderStatistics { shared.withLock { $0 } }

  /// Records from `preRoll` before now to `postRoll` after it; extends a recording that a trigger began. Without
  /// trigger options it is a line in the log.
  public func trigger(_ reason: String) {
    inbox.withLock { if $0.triggers.count < Self.inboxCapacity { $0.triggers.append(reason) } }
  }

  /// By hand: on until it is set off, whatever triggers say; off until it is set on or, with triggers, one comes. What
  /// is written ends in whole files; what is not is gone but for the pre-roll.
  public func set(isRecording: Bool) { inbox.withLock { $0.wanted = isRecording } }

  public func add(_ statistics: PipelineStatistics) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    guard let data = try? encoder.encode(StatisticsJSON(statistics, type: "statistics")) else { return }
    inbox.withLock { if $0.statistics.count < Self.inboxCapacity { $0.statistics.append(Array(data)) } }
  }

  /// Goes on with other options, within a second: strides, packing, chunks, segments, sync, retention, the lengths of
  /// pre-roll and post-roll. What a run begins with (folder, raw images, kind of trigger, metadata) stays as it is.
  public func change(to options: RecorderOptions) { inbox.withLock { $0.options = options } }

  /// What else every segment tells of the run, known only when there is a source: before the lane starts.
  public func describe(_ metadata: [String: String]) { inbox.withLock { $0.described.merge(metadata) { $1 } } }

  public func log(_ level: LogRecord.Level, _ message: String) {
    inbox.withLock { if $0.log.count < Self.inboxCapacity { $0.log.append((level, message)) } }
  }

  // MARK: From the lane's thread

  public func start(_ session: SinkSession) throws(RoadError) {
    let now = MonotonicClock.now()
    options.metadata.merge(inbox.withLock { $0.described }) { $1 }
    let composer: MessageComposer
    if let made = self.composer { composer = made } else { composer = try MessageComposer(options, session) }
    composer.follow(wall: RecordingClock.wall(), monotonic: now)
    self.composer = composer
    if options.compresses, compressor == nil { compressor = try ZstdCompressor() }
    if let trigger = options.trigger, preRoll == nil {
      preRoll = PreRoll(duration: trigger.preRoll, capacity: trigger.bytes)
      fileStamp = trigger.file.flatMap(FileStamp.init)
    }
    do throws(RoadError) {
      try store.begin(RecordingMetadata.beginning(session, options, composer.layout, runID: runID))
    } catch {
      publish(failing: error)
      throw error
    }
    totals.state = isPaused ? "paused" : isWaiting ? "waiting" : "recording"
    totals.reason = nil
    publish()
  }

  public func receive(_ frame: CapturedFrame) throws(RoadError) {
    try work { (composer, now) throws(RoadError) in composer.add(frame, now: now) }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    try work { (composer, now) throws(RoadError) in try composer.add(frame, now: now) }
  }

  public func receive(_ frames: SettledFrames) throws(RoadError) {
    try work { (composer, now) throws(RoadError) in composer.add(frames, now: now) }
  }

  /// Also closes a chunk that has waited for long, and looks for triggers.
  public func idle() throws(RoadError) {
    try work { (_, _) throws(RoadError) in }
  }

  public func stop() {
    do throws(RoadError) {
      if let composer, !composer.chunk.isEmpty { try emit(composer.close(compressor), now: MonotonicClock.now()) }
    } catch { totals.reason = "\(error)" }
    do throws(RoadError) { try store.end() } catch { totals.reason = "\(error)" }
    if totals.state != "failing" { totals.state = "stopped" }
    publish()
  }
}

extension Recorder {
  private var isWaiting: Bool { options.trigger != nil && recordsUntil == 0 }

  private func work(
    _ body: (MessageComposer, UInt64) throws(RoadError) -> Void
  ) throws(RoadError) {
    guard let composer else { preconditionFailure("a recorder that was not started") }
    let now = MonotonicClock.now()
    if composer.chunk.isEmpty { chunkStart = now }
    do throws(RoadError) {
      try body(composer, now)
      if now - lastCheck >= Self.checkInterval { try check(composer, now: now) }
      let isFull = composer.chunk.count >= options.chunkBytes || now - chunkStart >= options.chunkDuration
      if isFull, !composer.chunk.isEmpty {
        try emit(composer.close(compressor), now: now)
        publish()
      }
    } catch {
      publish(failing: error)
      throw error
    }
  }

  /// What is looked at a few times a second.
  private func check(_ composer: MessageComposer, now: UInt64) throws(RoadError) {
    lastCheck = now
    try store.check()
    let findings = store.takeFindings()
    totals.deletedSegments += findings.deletedSegments
    totals.deletedBytes += findings.deletedBytes
    totals.recoveredSegments += findings.recovered.count
    totals.freeBytes = findings.freeBytes ?? totals.freeBytes
    for remark in findings.remarks { composer.add(.warning, remark, now: now) }
    if let file = options.trigger?.file {
      let stamp = FileStamp(file)
      if stamp != nil, stamp != fileStamp { trigger("file \(file)") }
      fileStamp = stamp
    }
    try takeInbox(composer, now: now)
    publish()
  }

  private func takeInbox(_ composer: MessageComposer, now: UInt64) throws(RoadError) {
    let inbox = inbox.withLock { inbox in
      defer { inbox = Inbox() }
      return inbox
    }
    if let wanted = inbox.options { try change(to: wanted, composer) }
    for line in inbox.log { composer.add(line.level, line.message, now: now) }
    for bytes in inbox.statistics { composer.add(.statistics, json: bytes, now: now) }
    if let wanted = inbox.wanted { try take(order: wanted, composer, now: now) }
    for reason in inbox.triggers {
      composer.add(.info, "trigger: \(reason)", now: now)
      totals.triggers += 1
      guard let trigger = options.trigger else { continue }
      recordsUntil = max(recordsUntil, now + trigger.postRoll)
      totals.state = "recording"
    }
    if recordsUntil > 0 { try flushPreRoll(now: now) }
  }

  private func change(to wanted: RecorderOptions, _ composer: MessageComposer) throws(RoadError) {
    options.takeOver(wanted)
    composer.change(to: options)
    store.change(to: options)
    if options.compresses, compressor == nil { compressor = try ZstdCompressor() }
    if !options.compresses { compressor = nil }
    if let trigger = options.trigger { preRoll?.keep(duration: trigger.preRoll, capacity: trigger.bytes) }
  }

  private func take(order isWanted: Bool, _ composer: MessageComposer, now: UInt64) throws(RoadError) {
    // What came while it was paused is not part of the recording.
    if isPaused, isWanted, !composer.chunk.isEmpty {
      _ = composer.close(compressor)
      totals.discardedChunks += 1
    }
    composer.add(.info, isWanted ? "started by hand" : "stopped by hand", now: now)
    if isWanted {
      isPaused = false
      if options.trigger != nil { recordsUntil = .max }
      totals.state = "recording"
      return
    }
    guard !isPaused, !isWaiting else { return }
    if !composer.chunk.isEmpty { try store.write(composer.close(compressor), now: now) }
    try store.close()
    if options.trigger != nil { recordsUntil = 0 } else { isPaused = true }
    totals.state = isPaused ? "paused" : "waiting"
  }

  private func flushPreRoll(now: UInt64) throws(RoadError) {
    guard let chunks = preRoll?.takeAll() else { return }
    for chunk in chunks { try store.write(chunk, now: now) }
  }

  /// To the disk, or to those that wait for a trigger.
  private func emit(_ chunk: ClosedChunk, now: UInt64) throws(RoadError) {
    if isPaused {
      totals.discardedChunks += 1
      return
    }
    if isWaiting {
      totals.discardedChunks += preRoll?.add(chunk) ?? 0
      return
    }
    try store.write(chunk, now: now)
    guard options.trigger != nil, now >= recordsUntil else { return }
    recordsUntil = 0
    totals.state = "waiting"
    try store.close()
  }

  private func publish(failing error: RoadError) {
    totals.state = "failing"
    totals.reason = "\(error)"
    publish()
  }

  private func publish() {
    totals.file = store.file
    totals.segments = store.segments
    totals.chunks = store.chunks
    totals.syncs = store.syncs
    totals.writtenBytes = store.writtenBytes
    totals.lostMessages = store.lostMessages
    totals.waitingBytes = store.carriedBytes + (preRoll?.bytes ?? 0) + (composer?.chunk.count ?? 0)
    if let composer {
      totals.images = composer.images
      totals.masks = composer.masks
      totals.records = composer.records
      totals.payloadBytes = composer.payloadBytes
    }
    let totals = totals
    shared.withLock { $0 = totals }
  }
}
