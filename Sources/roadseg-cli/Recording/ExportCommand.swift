import ArgumentParser
import RoadBase
import RoadOverlay
import RoadRecorder

/// `roadseg export`
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Makes videos, pictures, masks or overlays of recordings.",
    discussion: """
      FILE is a recording (.mcap) or a folder of them. The kinds: avi (motion JPEG, the camera's bytes as they are), \
      y4m (for encoders, on standard output unless --output says otherwise), pictures (JPEG files and frames.csv), \
      masks (PNG files whose values are the classes), overlays (JPEG files with the recorded masks over the pictures). \
      Nothing is computed anew.

      EXAMPLES:
        roadseg export recordings/ --to avi --output drive.avi
        roadseg export drive.mcap --to y4m | ffmpeg -i - drive.mp4
        roadseg export drive.mcap --to overlays --output overlays --start 10 --end 20 --every 5
        roadseg export drive.mcap --to pictures --output pictures --json
      """)

  @Argument(help: "Recordings, or folders of them.")
  var file: [String]

  @Option(name: .customLong("to"), help: "avi, y4m, pictures, masks or overlays.")
  var target: RecordingExport.Target

  @Option(name: [.short, .long], help: ArgumentHelp("The file or folder to write.", valueName: "path"))
  var output: String?

  @Option(name: .long, help: ArgumentHelp("From here on, counted from the first message.", valueName: "time"))
  var start: TimeSpan?

  @Option(name: .long, help: ArgumentHelp("Up to here.", valueName: "time"))
  var end: TimeSpan?

  @Option(name: .long, help: "Every so many-th frame only.")
  var every = 1

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    if every < 1 { throw ValidationError("--every takes 1 or more") }
    if output == nil, target != .y4m { throw ValidationError("--to \(target.rawValue) needs --output") }
    if json, target == .y4m, output ?? "-" == "-" { throw ValidationError("--json needs --output for y4m") }
    if let start, let end, end.nanoseconds < start.nanoseconds { throw ValidationError("--end is before --start") }
  }

  func run() throws {
    var export = try RecordingExport(paths: file)
    export.start = start?.nanoseconds ?? 0
    export.end = end?.nanoseconds ?? .max
    export.stride = every
    let result = try run(export, output ?? "-")
    let text = "\(result.written) frames written" + (result.leftOut > 0 ? ", \(result.leftOut) left out" : "")
    if json {
      try Terminal.printJSON(result)
    } else if output ?? "-" == "-" {
      Terminal.say("roadseg: \(text)")
    } else {
      Terminal.printLine("\(text): \(result.files.isEmpty ? output ?? "" : result.files.joined(separator: ", "))")
    }
    if result.written == 0 {
      throw RoadError(.recording, "nothing was exported", remedy: "see what is in the recording: roadseg inspect")
    }
  }

  private func run(_ export: RecordingExport, _ output: String) throws(RoadError) -> RecordingExport.Result {
    switch target {
    case .avi: try export.avi(to: output)
    case .y4m: try export.y4m(to: output)
    case .pictures: try export.pictures(to: output)
    case .masks: try export.masks(to: output)
    case .overlays:
      try export.overlays(to: output) { size, classes in
        let renderer = OverlayRenderer(size: size, classes: classes)
        return { map, picture in renderer.draw(map, on: picture, rows: 0..<size.height) }
      }
    }
  }
}

extension RecordingExport.Target: ExpressibleByArgument {}
