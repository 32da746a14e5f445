import ArgumentParser
import Foundation
import RoadBase
import RoadEngine
import RoadEvaluation
import RoadFrame
import RoadPipeline
import RoadSeg

/// `roadseg live`
struct LiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "live",
    abstract: "Draws the road over a camera's pictures as they come.",
    discussion: """
      SOURCE is a camera (/dev/video0, or 0), a folder, list or JPEG to play, a stream file (.mjpeg, .y4m), - for an MJPEG or Y4M \
      stream on standard input, or 'synthetic'. Without one it is the first camera found; with no camera the built-in \
      synthetic road. The newest frame wins: when the network is busy, older ones are passed over and counted.

      Each second one line tells the four rates (made by the camera, delivered to us, through the network, shown), the latency from \
      capture to the drawn picture, and what became of every frame. Ctrl-C ends it cleanly.

      EXAMPLES:
        roadseg live
        roadseg live /dev/video2 --size 1280x720 --rate 30 --output overlays
        roadseg live drive/ --rate 25 --json
        ffmpeg -i drive.mp4 -f yuv4mpegpipe - | roadseg live - --output overlays
        roadseg live synthetic --seed 7 --frames 300
      """)

  @Argument(help: "Where frames come from. (default: first camera, else synthetic)")
  var source: String?

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for overlay JPEGs.", valueName: "dir"))
  var output: String?

  @Option(name: .long, help: "Stop after so many shown frames. (default: go on)")
  var frames: Int?

  @Option(name: .long, help: ArgumentHelp("Frame size of a camera or the synthetic road.", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: "Frames a second of a camera, folder or the synthetic road. (default: 30)")
  var rate: Double?

  @Option(name: .long, help: "Pixel format of a camera.")
  var format: PixelFormat?

  @Option(name: .long, help: "Which synthetic road.")
  var seed: UInt64 = 1

  @Flag(name: .long, help: "Print one JSON object a second and one at the end instead of text.")
  var json = false

  func validate() throws {
    if let frames, frames < 1 { throw ValidationError("--frames takes 1 or more") }
    if let rate, !(rate > 0 && rate <= 1000) { throw ValidationError("--rate takes a number above 0, up to 1000") }
  }

  func run() throws {
    try StopSignals.watch()
    let (source, remark) = try SourceRequest(name: source, size: size, rate: rate, format: format, seed: seed).open()
    if let remark { Terminal.say("roadseg: \(remark)") }
    let network = try Network(modelOptions, inputSize: inputSize.size, threads: threads.count)
    var lanes: [SinkLane] = []
    if let output { lanes.append(SinkLane(OverlayFiles(folder: output), policy: .queue(bytes: Self.overlayMemory))) }
    let pipeline = try Pipeline(source: source, lanes: lanes, options: PipelineOptions(frameLimit: frames)) { size in
      network.segmenter(for: size)
    }
    StopSignals.onFirst { pipeline.requestStop() }
    let notes = SinkNotes()
    let statistics = try pipeline.run {
      notes.say($0.sinks)
      try? print($0, type: "statistics")
    }
    try print(statistics, type: "summary")
    if let failure = statistics.sinks.lazy.compactMap(\.failure).first { throw failure }
  }

  /// Bytes of painted pictures that may wait for the disk.
  private static let overlayMemory = 16 << 20

  private func print(_ statistics: PipelineStatistics, type: String) throws {
    if json {
      try Terminal.printJSON(StatisticsJSON(statistics, type: type))
    } else {
      let text = type == "summary" ? StatisticsLine.summary(statistics) : StatisticsLine.text(statistics)
      Terminal.printLine(text)
    }
  }
}

extension PixelFormat: ExpressibleByArgument {
  /// Those that a camera can be asked for.
  public static var allValueStrings: [String] { allCases.filter(\.isOfCameras).map(\.rawValue) }
}
