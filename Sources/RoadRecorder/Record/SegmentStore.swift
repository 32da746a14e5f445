import Glibc
import RoadBase
import RoadFrame

/// Chunks into segments: opens, rotates, syncs, closes; keeps a chunk that no disk took for the next segment.
final class SegmentStore {
  /// What every segment begins with.
  struct Beginning: Sendable {
    var library: String
    var layout: MessageLayout
    var metadata: [MCAPMetadata]
    var attachments: [MCAPAttachment]
  }

  private struct OpenSegment {
    var name: SegmentName
    var writer: MCAPWriter<SegmentFile>
    /// Nanoseconds of the monotonic clock.
    var start: UInt64
    var lastSync: UInt64
  }

  let folder: SegmentFolder
  private var options: RecorderOptions
  private var beginning = Beginning(library: "", layout: MessageLayout(), metadata: [], attachments: [])
  private var housekeeper: Housekeeper?
  private var lock: SegmentFile.Handle?
  private var segment: OpenSegment?
  private var lastNumber = -1
  private var device: dev_t?
  /// Chunks that failed to be written.
  private var carried: [ClosedChunk] = []

  var file: String? { segment?.writer.output.path }
  private(set) var segments = 0
  private(set) var chunks = 0
  private(set) var syncs = 0
  private(set) var writtenBytes: UInt64 = 0
  private(set) var lostMessages = 0

  /// Chunks that are kept through an outage.
  private static let carriedChunks = 3

  init(options: RecorderOptions) {
    self.options = options
    folder = SegmentFolder(options.folder)
  }

  deinit { housekeeper?.end() }

  var carriedBytes: Int { carried.reduce(0) { $0 + $1.bytes.count } }

  func change(to options: RecorderOptions) {
    self.options = options
    housekeeper?.change(limits: options.retention, reserved: options.segmentBytes)
  }

  /// Takes hold of the folder; again after an outage, too.
  ///
  /// - Throws: `.output` where the folder cannot be made, or another recorder has it.
  func begin(_ beginning: Beginning) throws(RoadError) {
    self.beginning = beginning
    try Self.checkDisk(options.folder, was: device)
    try FileOutput.makeFolder(options.folder)
    lock = nil
    lock = try Self.lock(options.folder)
    var status = stat()
    if device == nil, stat(options.folder, &status) == 0 { device = status.st_dev }
    if let housekeeper {
      housekeeper.enforceLimits()
      housekeeper.recover()
    } else {
      housekeeper = try Housekeeper(folder: folder, limits: options.retention, reserved: options.segmentBytes)
    }
  }

  /// Closes the running segment and lets go of the folder.
  func end() throws(RoadError) {
    defer { lock = nil }
    housekeeper?.discardNext()
    try close()
    housekeeper?.discardNext()
  }

  func takeFindings() -> Housekeeper.Findings { housekeeper?.takeFindings() ?? .init() }

  /// - Parameter now: nanoseconds of the monotonic clock.
  func write(_ chunk: ClosedChunk, now: UInt64) throws(RoadError) {
    carried.append(chunk)
    if carried.count > Self.carriedChunks {
      lostMessages += Int(carried.removeFirst().counts.values.reduce(0, &+))
    }
    while let first = carried.first {
      if let segment, isFull(segment, with: first, now: now) { try close() }
      if segment == nil { try open(now: now) }
      try append(first)
      carried.removeFirst()
      try syncIfDue(now: now)
    }
  }

  /// Whether the running segment can still be reached by its name.
  func check() throws(RoadError) {
    guard let segment, !segment.writer.output.isInPlace else { return }
    throw RoadError(
      .output, "\(segment.writer.output.path): is gone: its folder or disk was taken away",
      remedy: "recording goes on when it is back", code: ENOENT)
  }

  /// Ends the running segment. After it the next chunk opens another.
  func close() throws(RoadError) {
    guard var segment else { return }
    self.segment = nil
    housekeeper?.note(open: nil)
    let before = segment.writer.output.bytes
    defer { segment.writer.output.trim() }
    try segment.writer.finish()
    writtenBytes += segment.writer.output.bytes - before
    if options.sync != .none {
      try segment.writer.output.sync()
      syncs += 1
    }
  }

  private func isFull(_ segment: OpenSegment, with chunk: ClosedChunk, now: UInt64) -> Bool {
    segment.writer.position + UInt64(chunk.bytes.count) > options.segmentBytes
      || now - segment.start >= options.segmentDuration
  }

  private func open(now: UInt64) throws(RoadError) {
    let known = try folder.segments().last?.name.number ?? -1
    lastNumber = max(lastNumber, known) + 1
    let wall = RecordingClock.wall()
    let name = SegmentName(number: lastNumber, seconds: wall / 1_000_000_000)
    let file: SegmentFile
    if let next = housekeeper?.takeNext() {
      file = next
    } else {
      file = try SegmentFile(temporary: "\(folder.path)/.opening-\(getpid())", reserving: 0)
    }
    do throws(RoadError) {
      var writer = try MCAPWriter(
        file, layout: beginning.layout, library: beginning.library,
        metadata: beginning.metadata + [segmentMetadata(name, wall: wall, now: now)],
        attachments: beginning.attachments, time: wall)
      try writer.rename(to: folder.path(of: name))
      segment = OpenSegment(name: name, writer: writer, start: now, lastSync: now)
      writtenBytes += writer.position
    } catch {
      unlink(file.path)
      throw error
    }
    segments += 1
    if options.sync != .none { Self.syncFolder(folder.path) }
    housekeeper?.note(open: name)
  }

  private func append(_ chunk: ClosedChunk) throws(RoadError) {
    guard var segment else { return }
    // The only owner of the summary, which would be copied otherwise.
    self.segment = nil
    defer { self.segment = segment }
    try segment.writer.append(chunk)
    chunks += 1
    writtenBytes += UInt64(chunk.bytes.count)
  }

  private func syncIfDue(now: UInt64) throws(RoadError) {
    guard let segment else { return }
    let isDue =
      switch options.sync {
      case .none: false
      case .chunk: true
      case .seconds(let seconds): now - segment.lastSync >= seconds * 1_000_000_000
      }
    guard isDue else { return }
    try segment.writer.output.sync()
    syncs += 1
    self.segment?.lastSync = now
  }

  private func segmentMetadata(_ name: SegmentName, wall: UInt64, now: UInt64) -> MCAPMetadata {
    MCAPMetadata(
      name: "segment",
      pairs: [
        "number": String(name.number), "wall_clock_ns": String(wall), "monotonic_ns": String(now),
        "wall_clock_is_plausible": String(name.seconds >= Retention.earliestPlausible),
      ])
  }
}

extension SegmentStore {
  /// A folder below a mount point whose disk was taken away must not be made anew on the disk below.
  private static func checkDisk(_ path: String, was device: dev_t?) throws(RoadError) {
    var (root, here) = (stat(), stat())
    guard let device, stat("/", &root) == 0, device != root.st_dev else { return }
    var place = path
    while stat(place, &here) != 0, let slash = place.lastIndex(of: "/"), slash != place.startIndex {
      place = String(place[..<slash])
    }
    if here.st_dev == root.st_dev {
      throw RoadError(
        .output, "\(path): its disk is not mounted", remedy: "recording goes on when it is back", code: ENODEV)
    }
  }

  private static func lock(_ path: String) throws(RoadError) -> SegmentFile.Handle {
    let name = "\(path)/.lock"
    let descriptor = try System.open(name, O_RDWR | O_CREAT, mode: 0o644) { SegmentFolder.failure(name, $0) }
    let handle = SegmentFile.Handle(descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw RoadError(
        .output, "\(path): another roadseg records there", remedy: "give each its own folder", code: EBUSY)
    }
    return handle
  }

  /// So that a power cut does not undo the file's name.
  private static func syncFolder(_ path: String) {
    guard let descriptor = System.open(path, O_RDONLY | O_DIRECTORY).value.map(Int32.init) else { return }
    fsync(descriptor)
    System.close(descriptor)
  }
}

extension MCAPWriter where Output == SegmentFile {
  mutating func rename(to path: String) throws(RoadError) {
    try rename { (file) throws(RoadError) in try file.rename(to: path) }
  }
}
