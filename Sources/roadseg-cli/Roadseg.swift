import ArgumentParser
import Foundation
import RoadBase

/// Where the road is, for every frame of a camera.
@main
struct Roadseg: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roadseg",
    abstract: "Finds the road in every frame of a camera, on a small Linux board.",
    discussion: """
      With no camera, `roadseg live` shows the built-in synthetic road.

      EXAMPLES:
        roadseg live --output overlays
        roadseg run drive/*.jpg --output masks
        roadseg profile --size 480x360 --threads 2
      """,
    version: "0.1.0",
    subcommands: [
      LiveCommand.self, RunCommand.self, QuantizeCommand.self, EvaluateCommand.self, ProfileCommand.self,
      CamerasCommand.self,
    ])

  /// Exit codes: 0 done, 1 failed with one line on standard error, 64 wrong usage.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as RoadError {
      Terminal.say("roadseg: \(error)")
      Foundation.exit(1)
    } catch {
      exit(withError: error)
    }
  }
}
