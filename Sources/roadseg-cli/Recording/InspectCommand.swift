import ArgumentParser
import Foundation
import RoadBase
import RoadRecorder
import RoadTelemetry

/// `roadseg inspect`
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tells what is in recordings: topics, rates, gaps, ledger, heat, disk.",
    discussion: """
      FILE is a recording (.mcap) or a folder of them. Every chunk is read and its checksum compared; the exit code is \
      1 where a file is damaged or was never closed (roadseg recover mends it).

      EXAMPLES:
        roadseg inspect recordings/
        roadseg inspect recordings/road-000000-20261129T020233Z.mcap --json
      """)

  @Argument(help: "Recordings, or folders of them.")
  var file: [String]

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  func run() throws {
    let summary = try RecordingSummary(paths: file)
    if json { try Terminal.printJSON(summary) } else { Terminal.printLine(SummaryText.text(summary)) }
    let damaged = summary.files.filter { !$0.isFinished || $0.damagedRanges > 0 || $0.unreadableChunks > 0 }
    if let first = damaged.first {
      throw RoadError(
        .recording,
        "\(damaged.count) of \(summary.files.count) files were not closed or are damaged, the first \(first.path)",
        remedy: "mend them: roadseg recover FILE")
    }
  }
}

/// `roadseg recover`
struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Mends recordings that a crash or a power cut left open, in their place.",
    discussion: """
      A torn end is cut off and the missing index written; damaged ranges before whole chunks are marked so that every \
      reader skips them. Whole files stay as they are. roadseg record does the same by itself at its start.

      EXAMPLES:
        roadseg recover recordings/road-000000-20261129T020233Z.mcap
        roadseg recover recordings/ --json
      """)

  @Argument(help: "Recordings, or folders of them.")
  var file: [String]

  @Flag(name: .long, help: "Print one JSON object a file instead of text.")
  var json = false

  private struct Result: Encodable {
    let file: String
    let wasWhole: Bool
    let chunks: Int
    let messages: UInt64
    let tornBytes: UInt64
    let damagedRanges: Int
    let damagedBytes: UInt64
  }

  func run() throws {
    var failures: [RoadError] = []
    let files = try RecordingFiles.files(file)
    for path in files {
      do throws(RoadError) {
        let report = try MCAPRecovery.mend(path)
        if json { try? Terminal.printJSON(result(path, report)) } else { Terminal.printLine(text(path, report)) }
      } catch {
        Terminal.say("roadseg: \(error)")
        failures.append(error)
      }
    }
    if !failures.isEmpty { throw RoadError(.recording, "\(failures.count) of \(files.count) files were not mended") }
  }

  private func result(_ path: String, _ report: MCAPRecovery.Report) -> Result {
    Result(
      file: path, wasWhole: report.wasWhole, chunks: report.chunks, messages: report.messages,
      tornBytes: report.tornBytes, damagedRanges: report.damagedRanges, damagedBytes: report.damagedBytes)
  }

  private func text(_ path: String, _ report: MCAPRecovery.Report) -> String {
    let contents = "\(report.messages) messages in \(report.chunks) chunks"
    if report.wasWhole { return "\(path): is whole, \(contents)" }
    var parts = ["\(path): mended, \(contents)", "\(report.tornBytes) torn bytes cut off"]
    if report.damagedRanges > 0 {
      parts.append("\(report.damagedRanges) damaged ranges of \(report.damagedBytes) bytes marked")
    }
    return parts.joined(separator: ", ")
  }
}

/// `roadseg protect`
struct ProtectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "protect",
    abstract: "Keeps recordings from being deleted by retention.",
    discussion: """
      Beside each recording a file of its name with .protected behind it is made; whoever copies or deletes such a \
      mark has the same effect.

      EXAMPLES:
        roadseg protect recordings/road-000012-20261129T020233Z.mcap
        roadseg protect --remove recordings/road-000012-20261129T020233Z.mcap
      """)

  @Argument(help: "Recordings, or folders of them.")
  var file: [String]

  @Flag(name: .long, help: "Take the marks away again.")
  var remove = false

  @Flag(name: .long, help: "Print one JSON object a file instead of text.")
  var json = false

  private struct Result: Encodable {
    let file: String
    let isProtected: Bool
  }

  func run() throws {
    for path in try RecordingFiles.files(file) {
      try SegmentFolder.protect(path, !remove)
      if json {
        try Terminal.printJSON(Result(file: path, isProtected: !remove))
      } else {
        Terminal.printLine("\(path): \(remove ? "not protected" : "protected")")
      }
    }
  }
}

/// A ``RecordingSummary`` for people.
enum SummaryText {
  static func text(_ summary: RecordingSummary) -> String {
    [files(summary), run(summary), topics(summary), frames(summary), disk(summary)].filter { !$0.isEmpty }
      .joined(separator: "\n\n")
  }

  private static func files(_ summary: RecordingSummary) -> String {
    let rows = summary.files.map { file in
      var state = file.isFinished ? "closed" : "not closed, \(file.tornBytes) torn bytes"
      if file.damagedRanges > 0 { state += ", \(file.damagedRanges) damaged ranges" }
      if file.isProtected { state += ", protected" }
      return [file.path, megabytes(file.bytes), "\(file.chunks)", state]
    }
    return Format.table([["file", "MB", "chunks", "state"]] + rows)
  }

  private static func run(_ summary: RecordingSummary) -> String {
    var lines = summary.run.sorted { $0.key < $1.key }.filter { !["run", "mask_hash"].contains($0.key) }
      .map { "\($0.key): \($0.value)" }
    if !summary.attachments.isEmpty { lines.append("attachments: \(summary.attachments.joined(separator: ", "))") }
    return lines.joined(separator: "\n")
  }

  private static func topics(_ summary: RecordingSummary) -> String {
    Format.table(
      [["topic", "messages", "rate", "MB", "schema"]]
        + summary.topics.map { topic in
          [
            topic.name, "\(topic.messages)", topic.rate.map { Format.fixed($0, 2) } ?? "-", megabytes(topic.bytes),
            topic.schema,
          ]
        })
  }

  private static func frames(_ summary: RecordingSummary) -> String {
    let ledger = summary.ledger
    var fates = ledger.fates.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }
    let missed = ledger.missed.values.reduce(0, +)
    if missed > 0 { fates.append("missed by the recorder \(missed)") }
    if ledger.unrecorded > 0 { fates.append("unrecorded \(ledger.unrecorded)") }
    let gaps = summary.gaps
    let masks = summary.masks
    var lines = [
      "\(Format.fixed(summary.seconds, 1)) s\(summary.isMonotonic ? "" : ", TIME FALLS"); frames \(ledger.frames): "
        + fates.joined(separator: ", ") + (ledger.balances ? "" : "; DOES NOT ADD UP"),
      "gaps: \(gaps.count), longest \(Format.fixed(gaps.longestSeconds, 3)) s, "
        + "usual \(Format.fixed(gaps.usualSeconds, 3)) s",
      "masks: \(masks.hashed) hashed, \(masks.stored) stored, "
        + "road \(Format.percent(masks.roadShareMean)) of the picture",
    ]
    if let celsius = summary.heat.hottestCelsius { lines.append("heat: \(Format.fixed(celsius, 1)) °C at most") }
    return (lines + summary.warnings.map { "warning: \($0)" }).joined(separator: "\n")
  }

  private static func disk(_ summary: RecordingSummary) -> String {
    let disk = summary.disk
    let overhead = disk.overhead.map { Format.fixed($0, 4) } ?? "-"
    let rate = disk.bytesASecond.map { Format.fixed($0 / 1e6, 2) } ?? "-"
    return "disk: \(megabytes(disk.fileBytes)) MB, \(overhead) bytes a byte of payload, \(rate) MB/s"
  }

  static func megabytes(_ bytes: UInt64) -> String { Format.fixed(Double(bytes) / 1e6, 2) }
}
