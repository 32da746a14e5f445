import RoadBase
import RoadTelemetry

/// What is in some recordings: `roadseg inspect`. Times in nanoseconds of the recording's clock, rates a second.
public struct RecordingSummary: Codable, Sendable {
  public struct File: Codable, Sendable {
    public var path: String
    public var bytes: UInt64
    /// False: it was never closed, or its end is damaged; `roadseg recover` mends it.
    public var isFinished: Bool
    public var chunks: Int
    public var damagedRanges: Int
    public var unreadableChunks: Int
    public var tornBytes: UInt64
    public var isProtected: Bool
    public var writtenBy: String
  }

  public struct Topic: Codable, Sendable {
    public var name: String
    public var schema: String
    public var messages = 0
    public var bytes: UInt64 = 0
    public var start: UInt64 = 0
    public var end: UInt64 = 0
    public var rate: Double?
  }

  /// Frame numbers by what became of them. It adds up when `frames` is the sum of `fates`, `missed` and `unrecorded`.
  public struct Ledger: Codable, Sendable {
    public var frames = 0
    public var fates: [String: Int] = [:]
    /// Told by later records: the recorder had no room or no disk for them.
    public var missed: [String: Int] = [:]
    /// Numbers between the first and the last of which no record tells: those on their way at a crash.
    public var unrecorded = 0
    public var balances = true
  }

  /// Pauses between pictures that are longer than two and a half usual ones.
  public struct Gaps: Codable, Sendable {
    public var count = 0
    public var longestSeconds = 0.0
    public var usualSeconds = 0.0
  }

  public struct Masks: Codable, Sendable {
    public var hashed = 0
    public var stored = 0
    public var roadShareMean: Double?
    public var roadShareMinimum: Double?
    public var roadShareMaximum: Double?
  }

  public struct Disk: Codable, Sendable {
    public var fileBytes: UInt64 = 0
    /// Of pictures and masks.
    public var payloadBytes: UInt64 = 0
    /// File bytes over payload bytes.
    public var overhead: Double?
    public var bytesASecond: Double?
    public var compressedChunks = 0
  }

  /// Degrees Celsius, MHz and flags from the statistics, where the machine told them.
  public struct Heat: Codable, Sendable {
    public var hottestCelsius: Double?
    public var lowestClockMHz: Double?
    public var throttledSeconds = 0
  }

  public var files: [File] = []
  public var run: [String: String] = [:]
  public var attachments: [String] = []
  public var start: UInt64 = 0
  public var end: UInt64 = 0
  public var seconds = 0.0
  /// Log times never fall within a file.
  public var isMonotonic = true
  public var topics: [Topic] = []
  public var ledger = Ledger()
  public var gaps = Gaps()
  public var masks = Masks()
  public var disk = Disk()
  public var heat = Heat()
  /// Lines of warnings and errors in the log.
  public var warnings: [String] = []

  public var isSound: Bool {
    files.allSatisfy { $0.isFinished && $0.damagedRanges == 0 && $0.unreadableChunks == 0 }
  }

  /// - Parameter paths: recordings, or folders of them.
  /// - Throws: `.recording` for what is none.
  public init(paths: [String]) throws(RoadError) {
    var collector = SummaryCollector()
    for path in try RecordingFiles.files(paths) { try collector.add(path) }
    self = collector.summary()
  }

  init() {}
}
