import RoadBase
import RoadFrame
import RoadMask
import RoadTelemetry

/// The bounded memory between the pipeline's threads and a lane's: frames are copied in, wait, and are read in place.
///
/// A queue that `waits` lets its offers wait for room, as long as the sink works. All memory is taken by `init`. Of
/// each kind of event one thread offers; an offer takes a place, copies outside the lock and publishes, so that neither
/// a large picture nor a hanging sink holds up another thread.
final class LaneQueue: @unchecked Sendable {
  /// What waits: one event, and where its bytes lie.
  struct Entry {
    enum Kind { case captured, shown, notice, settled }

    var kind: Kind
    var stamp = FrameStamp(ordinal: 0, sequence: 0, timestamp: 0, timestampSource: .arrival)
    /// Of a captured frame.
    var format = PixelFormat.rgbx
    var size = PictureSize(width: 0, height: 0)
    var rowPitch = 0
    var yuvEncoding = YUVEncoding.bt601
    var piece = ByteRing.Piece()
    var byteCount = 0
    /// Of a captured frame where the newest wins, and of a shown frame.
    var slot = 0
    /// Of a shown frame.
    var insight = FrameInsight()
    var settled = SettledFrames(ordinal: 0, fate: .shown)
  }

  let newestWins: Bool
  let monitor = Monitor()
  let memory: LaneMemory
  /// Events that may wait; frames take half of them at most, the rest is for fates.
  private static let entryCapacity = 4096
  private let entries: UnsafeMutablePointer<Entry>
  /// Numbers of entries since the start: `first..<end` wait.
  private var first = 0
  private var end = 0
  /// Of the one frame of a kind that waits, where the newest wins; below `first` when none does.
  private var waitingCaptured = -1
  private var waitingShown = -1
  private var missed = FateCounts()
  private var isClosed = false
  /// Whether an offer waits for room: not when frames come by the clock, nor once a stop was asked for or the sink
  /// fails.
  private var waits: Bool
  private var isFailing = false
  private(set) var captured = SinkCounts()
  private(set) var shown = SinkCounts()
  /// When the event at work was taken; 0 while none is.
  private(set) var busySince: UInt64 = 0
  private(set) var waitingBytes = 0

  init(newestWins: Bool, waits: Bool, memory: LaneMemory) {
    self.newestWins = newestWins
    self.waits = waits && !newestWins
    self.memory = memory
    entries = .allocate(capacity: Self.entryCapacity)
    entries.initialize(repeating: Entry(kind: .settled), count: Self.entryCapacity)
  }

  deinit { entries.deallocate() }

  // MARK: - The pipeline's side

  func offer(_ frame: CapturedFrame) {
    var entry = Entry(kind: .captured, stamp: frame.stamp)
    entry.format = frame.format
    entry.size = frame.size
    entry.rowPitch = frame.rowPitch
    entry.yuvEncoding = frame.yuvEncoding
    entry.byteCount = frame.bytes.count
    guard reserve(&entry) else { return }
    memory.capturedBytes(entry.piece.offset, frame.bytes.count).copyMemory(from: frame.bytes)
    publish(entry)
  }

  func offer(_ frame: ShownFrame) {
    var entry = Entry(kind: .shown, stamp: frame.stamp)
    entry.insight = frame.insight
    guard reserve(&entry) else { return }
    memory.pictures.isEmpty ? () : memory.pictures[entry.slot].copy(from: frame.canvas)
    memory.maps.isEmpty ? () : memory.maps[entry.slot].copy(from: frame.map)
    if let figures = frame.figures, !memory.figures.isEmpty { memory.figures[entry.slot].copy(from: figures) }
    publish(entry)
  }

  /// Only where nothing waits: it is for sinks that have nothing else to show.
  func offer(_ notice: VideoNotice) {
    var entry = Entry(
      kind: .notice,
      stamp: FrameStamp(ordinal: 0, sequence: 0, timestamp: notice.time, timestampSource: .arrival))
    let hasPlace = monitor.locked { !isClosed && count == 0 && memory.take(&entry) }
    guard hasPlace else { return }
    memory.pictures[entry.slot].copy(from: notice.canvas)
    monitor.locked {
      if isClosed { memory.giveBack(entry) } else { append(entry) }
    }
  }

  func offer(_ frames: SettledFrames) {
    monitor.locked {
      guard !isClosed, count < Self.entryCapacity - 2 else {
        missed[frames.fate] += frames.count
        return
      }
      var entry = Entry(kind: .settled)
      entry.settled = frames
      entry.settled.missed = missed
      missed = FateCounts()
      append(entry)
    }
  }

  /// Takes memory for a frame; without any it is counted.
  private func reserve(_ entry: inout Entry) -> Bool {
    var place = entry
    let isReserved = monitor.locked { () -> Bool in
      change(place.kind) { $0.offered += 1 }
      var hasPlace = takePlace(&place)
      while !hasPlace, waits, !isFailing, !isClosed {
        monitor.wait()
        hasPlace = takePlace(&place)
      }
      guard !isClosed else {
        if hasPlace { memory.giveBack(place) }
        change(place.kind) { $0.unfinished += 1 }
        return false
      }
      guard hasPlace else {
        change(place.kind) { $0.tooMuchMemory += 1 }
        return false
      }
      return true
    }
    entry = place
    return isReserved
  }

  private func takePlace(_ entry: inout Entry) -> Bool {
    count < Self.entryCapacity / 2 && memory.take(&entry)
  }

  private func publish(_ entry: Entry) {
    monitor.locked {
      guard !isClosed else {
        memory.giveBack(entry)
        change(entry.kind) { $0.unfinished += 1 }
        return
      }
      let waiting = entry.kind == .captured ? waitingCaptured : waitingShown
      if newestWins, waiting >= first {
        let old = entries[waiting % Self.entryCapacity]
        memory.giveBack(old)
        waitingBytes -= memory.bytes(of: old)
        change(entry.kind) { $0.superseded += 1 }
        waitingBytes += memory.bytes(of: entry)
        entries[waiting % Self.entryCapacity] = entry
        return
      }
      if entry.kind == .captured { waitingCaptured = end } else { waitingShown = end }
      append(entry)
    }
  }

  // MARK: - The lane's side

  enum Taken {
    /// Goes to `release`.
    case event(Entry)
    case nothingYet
    case ended
  }

  /// Waits for an event; it has ended once it is closed and empty.
  func take(timeout nanoseconds: UInt64) -> Taken {
    let deadline = MonotonicClock.now() + nanoseconds
    return monitor.locked {
      while count == 0 && !isClosed {
        if !monitor.wait(until: deadline) { break }
      }
      guard count > 0 else { return isClosed ? .ended : .nothingYet }
      let entry = entries[first % Self.entryCapacity]
      first += 1
      waitingBytes -= memory.bytes(of: entry)
      busySince = MonotonicClock.now()
      return .event(entry)
    }
  }

  /// Gives the memory of an event back and counts what came of it.
  func release(_ entry: Entry, failure: SinkFailure?) {
    monitor.locked {
      memory.giveBack(entry)
      busySince = 0
      if waits { monitor.wakeAll() }
      change(entry.kind) { counts in
        if let failure { counts[failure] += 1 } else { counts.delivered += 1 }
      }
      if failure != nil, entry.kind == .settled {
        missed[entry.settled.fate] += entry.settled.count
        missed += entry.settled.missed
      }
    }
  }

  /// Waits, but not beyond the close.
  ///
  /// - Returns: false once closed.
  func pause(nanoseconds: UInt64) -> Bool {
    let deadline = MonotonicClock.now() + nanoseconds
    return monitor.locked {
      while !isClosed, monitor.wait(until: deadline) {}
      return !isClosed
    }
  }

  // MARK: - The end

  /// Whether the sink fails: then no offer waits for room.
  func set(isFailing: Bool) {
    monitor.locked {
      self.isFailing = isFailing
      monitor.wakeAll()
    }
  }

  /// From now on no offer waits for room.
  func stopWaiting() {
    monitor.locked {
      waits = false
      monitor.wakeAll()
    }
  }

  /// Nothing more is taken in; what is there can still be taken out.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.wakeAll()
    }
  }

  /// What waits will not be taken out.
  func abandon() {
    monitor.locked {
      isClosed = true
      while count > 0 {
        let entry = entries[first % Self.entryCapacity]
        first += 1
        memory.giveBack(entry)
        change(entry.kind) { $0.unfinished += 1 }
      }
      waitingBytes = 0
      monitor.wakeAll()
    }
  }

  // MARK: - Under the lock

  private var count: Int { end - first }

  private func append(_ entry: Entry) {
    precondition(count < Self.entryCapacity, "\(count) events wait")
    entries[end % Self.entryCapacity] = entry
    end += 1
    waitingBytes += memory.bytes(of: entry)
    monitor.wakeAll()
  }

  private func change(_ kind: Entry.Kind, _ body: (inout SinkCounts) -> Void) {
    switch kind {
    case .captured: body(&captured)
    case .shown: body(&shown)
    case .notice, .settled: break
    }
  }
}
