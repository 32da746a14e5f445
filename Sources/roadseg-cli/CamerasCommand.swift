import ArgumentParser
import RoadBase
import RoadCamera
import RoadFrame
import RoadTelemetry

/// `roadseg cameras`
struct CamerasCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cameras",
    abstract: "Lists the cameras that are plugged in and what they can do.",
    discussion: """
      EXAMPLES:
        roadseg cameras
        roadseg cameras --json
      """)

  @Flag(name: .long, help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    let cameras = CameraDirectory.list()
    let problems = CameraDirectory.problems()
    if json {
      try Terminal.printJSON(
        WithAbout(RunAbout(.none), Listing(cameras: cameras, problems: problems.map(\.description))))
      return
    }
    for problem in problems { Terminal.say("roadseg: \(problem)") }
    guard !cameras.isEmpty else {
      Terminal.printLine(
        "No camera found. 'roadseg live --wait' waits for one, 'roadseg live synthetic' shows a computed road.")
      return
    }
    Terminal.printLine(cameras.map(text).joined(separator: "\n\n"))
  }

  private struct Listing: Encodable {
    let cameras: [CameraDescription]
    /// Nodes that cannot be opened, each with its remedy.
    let problems: [String]
  }

  private func text(_ camera: CameraDescription) -> String {
    var lines = ["\(camera.device)  \(camera.card)  (\(camera.driver), \(camera.bus))"]
    if let path = camera.stablePath { lines.append("  \(path)") }
    for format in camera.formats {
      let use = format.format == nil ? "  (not used by roadseg)" : format.isEmulated ? "  (converted by libv4l2)" : ""
      lines.append("  \(format.fourCC)  \(format.name)\(use)")
      for size in format.sizes {
        let span = size.largest.map { "\(size.size) to \($0)" } ?? size.size.description
        let rates = size.rates.map { Format.fixed($0, $0 == $0.rounded() ? 0 : 2) }.joined(separator: ", ")
        lines.append("    \(span)  \(rates.isEmpty ? "rate unknown" : rates + " fps")")
      }
    }
    return lines.joined(separator: "\n")
  }
}
