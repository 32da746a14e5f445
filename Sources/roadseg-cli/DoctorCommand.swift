import ArgumentParser
import Foundation
import RoadBase
import RoadDoctor
import RoadFrame
import RoadKernels
import RoadProfiles
import RoadSeg
import RoadSegmentation
import RoadTelemetry

/// `roadseg doctor`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks for what is wrong with camera, disk and board, and says how to mend it.",
    discussion: """
      Looks at permissions, cameras, USB, exposure, disk, clock, governor, heat and memory, runs every kernel of this \
      processor against the reference, and times the default model. A camera that is in use is not measured. Takes \
      some seconds.

      Exit code 0: it works, 1: there is a problem; warnings leave it at 0.

      EXAMPLES:
        roadseg doctor
        roadseg doctor --folder /mnt/disk --json
      """)

  @Option(name: .long, help: ArgumentHelp("Where recordings will go: its disk is measured.", valueName: "dir"))
  var folder = "."

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var threads: ThreadOptions

  @Flag(name: .long, help: "Print one JSON object instead of a list.")
  var json = false

  func run() throws {
    var findings = [CameraChecks().permission()] + CameraChecks().findings()
    findings += BoardChecks().findings(profiles: ProfileFolder.names)
    findings += DiskCheck.findings(folder: folder)
    findings += KernelCheck.findings()
    findings += model()
    if json {
      try Terminal.printJSON(WithAbout(RunAbout(.none), Report(findings: findings, profile: BoardChecks().profile)))
    } else {
      Terminal.printLine(Self.text(findings))
    }
    if findings.contains(where: { $0.level == .problem }) { throw ExitCode.failure }
  }

  struct Report: Encodable {
    let findings: [Finding]
    /// The board profile to use.
    let profile: String
    /// Of the worst finding.
    let level: String

    init(findings: [Finding], profile: String) {
      self.findings = findings
      self.profile = profile
      level = Finding.Level.allCases.last { level in findings.contains { $0.level == level } }?.rawValue ?? "ok"
    }
  }

  /// Frames a second below which a live picture is of little use.
  private static let slowRate = 10.0

  /// Time of the model on a picture of 640x480, and what may be done with it.
  private func model() -> [Finding] {
    do throws(RoadError) {
      let graph = try modelOptions.graph()
      let size = PictureSize(width: 640, height: 480)
      let network = try IntegerSegmenter(
        graph, name: modelOptions.model, classes: modelOptions.classTable(), threads: threads.count)
      let segmenter = network.segmenter(for: size)
      let (picture, map) = (Picture(size: size), ClassMap(size: size))
      let times = (0..<12).map { _ in
        let begin = MonotonicClock.now()
        _ = segmenter.segment(picture, into: map)
        return Double(MonotonicClock.now() - begin) / 1e6
      }.sorted()
      let rate = 1000 / times[times.count / 2]
      let words = """
        \(modelOptions.model): \(Format.fixed(times[times.count / 2], 1)) ms a frame of 640x480 \
        (\(Format.fixed(rate, 1)) a second) with \(threads.count) threads on \(network.engine.instructionSet.rawValue)
        """
      let isSlow = rate < Self.slowRate
      let speed = Finding(
        "model", isSlow ? .warning : .ok, words,
        remedy: isSlow ? "a smaller --input-size, a lighter --model, or more --threads" : nil)
      return [
        speed, Finding("terms", .note, "\(modelOptions.model): \(graph.terms ?? "its file names no terms of use")"),
      ]
    } catch {
      return [Finding("model", .problem, error.cause, remedy: error.remedy)]
    }
  }

  private static func text(_ findings: [Finding]) -> String {
    let width = findings.map(\.topic.count).max() ?? 0
    let lines = findings.flatMap { finding in
      let mark =
        switch finding.level {
        case .ok: "ok     "
        case .note: "note   "
        case .warning: "WARNING"
        case .problem: "PROBLEM"
        }
      let topic = finding.topic + String(repeating: " ", count: width - finding.topic.count)
      let indent = String(repeating: " ", count: width + 10)
      return ["\(mark)  \(topic)  \(finding.finding)"] + (finding.remedy.map { ["\(indent) → \($0)"] } ?? [])
    }
    func count(_ level: Finding.Level) -> Int { findings.count { $0.level == level } }
    let verdict = "\(count(.problem)) problems, \(count(.warning)) warnings"
    return lines.joined(separator: "\n") + "\n\n\(verdict)"
  }
}
