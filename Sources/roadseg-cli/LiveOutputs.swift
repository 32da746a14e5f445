import ArgumentParser
import RoadBase
import RoadOutput
import RoadPipeline
import RoadSink
import RoadTelemetry

/// `--output` of `live`: any number of them, each with a thread of its own.
struct LiveOutputOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      """
      Where frames go, several times: a folder (overlay JPEGs), /dev/videoN (V4L2 output device), - (video stream on \
      standard output), film.avi (motion JPEG), unix:PATH or shm:/NAME (masks for another program).
      """,
      valueName: "where"))
  var output: [String] = []

  @Option(name: .customLong("stream-format"), help: "Of the stream on standard output.")
  var streamFormat = StandardStream.Format.y4m

  func validate() throws {
    do throws(RoadError) {
      let targets = try targets()
      if Set(targets).count < targets.count { throw RoadError(.option, "--output names one place twice") }
    } catch {
      throw ValidationError("\(error)")
    }
  }

  private func targets() throws(RoadError) -> [OutputTarget] {
    var targets: [OutputTarget] = []
    for text in output { targets.append(try OutputTarget(text)) }
    return targets
  }

  /// Then what is said goes to standard error.
  var takesStandardOutput: Bool { output.contains("-") }

  func lanes() throws(RoadError) -> [SinkLane] {
    try targets().map { target in
      switch target {
      case .folder(let path): SinkLane(OverlayFiles(folder: path), policy: .queue(bytes: Self.memory))
      case .videoDevice(let path): SinkLane(VideoOutput(path: path), policy: .newest)
      case .standardOutput: SinkLane(StandardStream(streamFormat), policy: .newest)
      case .movie(let path): SinkLane(MovieFile(path: path), policy: .queue(bytes: Self.memory))
      case .socket(let path): SinkLane(MaskSocket(path: path), policy: .newest)
      case .sharedMemory(let name): SinkLane(SharedMasks(name: name), policy: .newest)
      }
    }
  }

  /// Bytes of painted pictures that may wait for the disk.
  private static let memory = 16 << 20

  /// Whether nobody takes frames any more: the stream was the only place, and its reader has gone.
  static func readerIsGone(_ sinks: [SinkStatistics]) -> Bool {
    guard sinks.count == 1, let sink = sinks.first, sink.name == "stream" else { return false }
    return sink.lastError.map { SinkFailure($0) == .gone } ?? false
  }
}

extension StandardStream.Format: ExpressibleByArgument {}
