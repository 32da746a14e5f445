import ArgumentParser
import RoadBase
import RoadProfiles

/// `--profile`, of the commands that a service runs.
struct ProfileOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Options of this board, from a YAML file or by name (see roadseg config). What stands on the command line wins.",
      valueName: "profile"))
  var profile: String?
}

/// A command that takes its options from a profile, too.
protocol ProfiledCommand: ParsableCommand {
  var profileOptions: ProfileOptions { get }
  var source: String? { get }
}

/// A profile as arguments of a command.
enum ProfileArguments {
  /// What the user typed, with the profile's options put in front of it where it names one.
  ///
  /// - Throws: what ``ProfileFolder`` says of the profile, or what the parser says of the arguments.
  static func expand(_ arguments: [String]) throws -> [String] {
    guard let name = arguments.first, let command = commands[name], mentionsProfile(arguments),
      // With --help, or what does not parse, the second parse says so.
      let parsed = try? command.parse(Array(arguments.dropFirst())),
      let profile = parsed.profileOptions.profile
    else { return arguments }
    let typed = Array(arguments.dropFirst())
    return try [name]
      + ProfileFolder.load(profile).arguments(for: name, given: typed, hasSource: parsed.source != nil) + typed
  }

  /// Parses the profile as each command would.
  static func check(_ profile: Profile, name: String) throws(RoadError) {
    for (command, type) in commands.sorted(by: { $0.key < $1.key }) {
      let arguments = profile.arguments(for: command, given: [], hasSource: false)
      do { _ = try type.parse(arguments) } catch {
        throw RoadError(
          .profile, "\(name): roadseg \(command) refuses it: \(type.message(for: error))", remedy: "mend the file")
      }
    }
  }

  private static func mentionsProfile(_ arguments: [String]) -> Bool {
    arguments.contains { $0 == "--profile" || $0.hasPrefix("--profile=") }
  }

  static let commands: [String: any ProfiledCommand.Type] = [
    "live": LiveCommand.self, "record": RecordCommand.self,
  ]
}

extension LiveCommand: ProfiledCommand {}
