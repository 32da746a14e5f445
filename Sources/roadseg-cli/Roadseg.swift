import ArgumentParser
import Foundation
import RoadBase
import RoadKernels

/// Where the road is, for every frame of a camera.
@main
struct Roadseg: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roadseg",
    abstract: "Finds the road in every frame of a camera, on a small Linux board.",
    discussion: """
      `roadseg live` shows the first camera, `roadseg live synthetic` a computed road where there is none.

      EXAMPLES:
        roadseg live --output overlays
        roadseg run drive/*.jpg --output masks
        roadseg profile --size 480x360 --threads 2
      """,
    version: SoftwareVersion.text,
    subcommands: [
      LiveCommand.self, RecordCommand.self, ReplayCommand.self, ExportCommand.self, InspectCommand.self,
      RecoverCommand.self, ProtectCommand.self, RunCommand.self, QuantizeCommand.self, EvaluateCommand.self,
      FlickerCommand.self, FindPartsCommand.self, ProfileCommand.self, CamerasCommand.self, CalibrateCameraCommand.self,
      DoctorCommand.self, ConfigCommand.self,
    ])

  /// Exit codes: 0 done, 1 failed with one line on standard error, 64 wrong usage. Results that could not be written
  /// are a failure.
  static func main() {
    // A reader that is gone is told by the write, help and version included.
    signal(SIGPIPE, SIG_IGN)
    do {
      let arguments = try ProfileArguments.expand(WebOptions.completed(Array(CommandLine.arguments.dropFirst())))
      var command = try parseAsRoot(arguments)
      // Before any thread starts, which then inherits it.
      if command is RecordCommand { RecordTriggers.block() }
      try StopSignals.watch()
      if command is any NetworkCommand, let complaint = try FirstStartCheck().run() {
        Terminal.say("roadseg: \(complaint)")
      }
      try command.run()
    } catch let error as RoadError {
      Terminal.say("roadseg: \(error)")
      Foundation.exit(1)
    } catch {
      let code = exitCode(for: error)
      guard code == .success else { exit(withError: error) }
      // Help and version are results as well.
      Terminal.printLine(fullMessage(for: error))
    }
    guard let error = StandardOutput.error else { Foundation.exit(0) }
    Terminal.say("roadseg: \(error)")
    Foundation.exit(1)
  }
}

/// A command that runs kernels: at its first start on a machine they are tested.
protocol NetworkCommand {}

extension LiveCommand: NetworkCommand {}
extension RecordCommand: NetworkCommand {}
extension ReplayCommand: NetworkCommand {}
extension RunCommand: NetworkCommand {}
extension QuantizeCommand: NetworkCommand {}
extension EvaluateCommand: NetworkCommand {}
extension ProfileCommand: NetworkCommand {}
