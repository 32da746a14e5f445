import Foundation
import Glibc
import RoadBase
import RoadTelemetry

/// Gathers a ``RecordingSummary`` in one reading of the files.
struct SummaryCollector {
  private var result = RecordingSummary()
  private var topics: [String: RecordingSummary.Topic] = [:]
  private var pictureTimes: [UInt64] = []
  private var runs: [String: Numbers] = [:]
  private var shares: (count: Int, sum: Double, low: Double, high: Double) = (0, 0, 1, 0)

  /// Frame numbers of one run that records tell of.
  private struct Numbers {
    var lowest = Int.max
    var highest = Int.min
    var told = 0
  }

  /// Lines of warnings that are kept.
  private static let warnings = 100
  /// Longest run of frame numbers that is believed.
  private static let largestCount = 1 << 40

  mutating func add(_ path: String) throws(RoadError) {
    let reader = try RecordingReader(path: path, verifies: true)
    if result.run.isEmpty { result.run = reader.run }
    for attachment in try reader.attachments() where !result.attachments.contains(attachment.name) {
      result.attachments.append(attachment.name)
    }
    let run = reader.run["run"] ?? path
    var last: UInt64 = 0
    while let message = try reader.next() {
      if message.logTime < last { result.isMonotonic = false }
      last = message.logTime
      count(message, run: run)
    }
    let chunks = reader.scan.chunks
    result.disk.compressedChunks += chunks.count { !$0.compression.isEmpty }
    result.disk.fileBytes += reader.fileBytes
    result.files.append(
      .init(
        path: path, bytes: reader.fileBytes, isFinished: reader.isFinished, chunks: chunks.count,
        damagedRanges: reader.damagedRanges, unreadableChunks: reader.unreadableChunks, tornBytes: reader.tornBytes,
        isProtected: access(path + SegmentFolder.protectionMark, F_OK) == 0, writtenBy: reader.library))
  }

  private mutating func count(_ message: RecordedMessage, run: String) {
    var topic =
      topics[message.topic] ?? .init(name: message.topic, schema: message.schema, start: message.logTime)
    topic.messages += 1
    topic.bytes += UInt64(message.data.count)
    topic.start = min(topic.start, message.logTime)
    topic.end = max(topic.end, message.logTime)
    topics[message.topic] = topic
    if message.isImage {
      pictureTimes.append(message.publishTime)
      result.disk.payloadBytes += UInt64(RecordedImage(message.data, schema: message.schema)?.bytes.count ?? 0)
    }
    switch message.kind {
    case .mask:
      result.masks.stored += 1
      result.disk.payloadBytes += UInt64(message.mask()?.byteCount ?? 0)
    case .frame: if let record = message.frameRecord() { add(record, run: run) }
    case .log: if let record = message.logRecord() { add(record) }
    case .statistics: if let json = message.json { addHeat(json) }
    case .birdsEye:
      result.disk.payloadBytes += UInt64(RecordedImage(message.data, schema: message.schema)?.bytes.count ?? 0)
    case .image, nil: break
    }
  }

  private mutating func add(_ record: FrameRecord, run: String) {
    guard (0..<Self.largestCount).contains(record.ordinal), (1..<Self.largestCount).contains(record.count) else {
      return
    }
    var numbers = runs[run] ?? Numbers()
    numbers.lowest = min(numbers.lowest, record.ordinal)
    numbers.highest = max(numbers.highest, record.ordinal + record.count - 1)
    numbers.told = numbers.told.addingSaturated(record.count)
    result.ledger.fates[record.fate] = (result.ledger.fates[record.fate] ?? 0).addingSaturated(record.count)
    for (fate, count) in record.missed ?? [:] where (0..<Self.largestCount).contains(count) {
      result.ledger.missed[fate] = (result.ledger.missed[fate] ?? 0).addingSaturated(count)
      numbers.told = numbers.told.addingSaturated(count)
    }
    runs[run] = numbers
    if record.maskHash != nil { result.masks.hashed += 1 }
    if let share = record.roadShare, (0...1).contains(share) {
      shares = (shares.count + 1, shares.sum + share, min(shares.low, share), max(shares.high, share))
    }
  }

  private mutating func add(_ record: LogRecord) {
    guard result.warnings.count < Self.warnings, record.level.rawValue >= 3 else { return }
    result.warnings.append(record.message)
  }

  private mutating func addHeat(_ json: Data) {
    guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any],
      let heat = object["heat"] as? [String: Any]
    else { return }
    if let degrees = heat["celsius"] as? Double {
      result.heat.hottestCelsius = max(result.heat.hottestCelsius ?? degrees, degrees)
    }
    if let clock = heat["clock_mhz"] as? Double {
      result.heat.lowestClockMHz = min(result.heat.lowestClockMHz ?? clock, clock)
    }
    if heat["throttled"] as? Bool == true { result.heat.throttledSeconds += 1 }
  }

  func summary() -> RecordingSummary {
    var result = result
    result.topics = topics.values.sorted { $0.name < $1.name }.map { topic in
      var topic = topic
      let span = Double(topic.end - topic.start) / 1e9
      topic.rate = topic.messages > 1 && span > 0 ? Double(topic.messages - 1) / span : nil
      return topic
    }
    result.start = result.topics.map(\.start).min() ?? 0
    result.end = result.topics.map(\.end).max() ?? 0
    result.seconds = Double(result.end - result.start) / 1e9
    result.gaps = gaps()
    addLedger(&result)
    if shares.count > 0 {
      result.masks.roadShareMean = shares.sum / Double(shares.count)
      result.masks.roadShareMinimum = shares.low
      result.masks.roadShareMaximum = shares.high
    }
    let disk = result.disk
    result.disk.overhead = disk.payloadBytes > 0 ? Double(disk.fileBytes) / Double(disk.payloadBytes) : nil
    result.disk.bytesASecond = result.seconds > 0 ? Double(disk.fileBytes) / result.seconds : nil
    return result
  }

  private func addLedger(_ result: inout RecordingSummary) {
    var told = 0
    for numbers in runs.values {
      let span = numbers.highest - numbers.lowest + 1
      result.ledger.frames += span
      result.ledger.unrecorded += max(0, span - numbers.told)
      told = told.addingSaturated(numbers.told)
    }
    result.ledger.balances = told.addingSaturated(result.ledger.unrecorded) == result.ledger.frames
  }

  private func gaps() -> RecordingSummary.Gaps {
    let intervals = zip(pictureTimes.dropFirst(), pictureTimes).map { $0 > $1 ? $0 - $1 : 0 }
    guard !intervals.isEmpty else { return .init() }
    let usual = intervals.sorted()[intervals.count / 2]
    let long = intervals.filter { Double($0) > 2.5 * Double(usual) }
    return .init(
      count: long.count, longestSeconds: Double(intervals.max() ?? 0) / 1e9, usualSeconds: Double(usual) / 1e9)
  }
}
