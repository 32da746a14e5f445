import ArgumentParser
import RoadBase
import RoadProfiles

/// `roadseg config`
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Checks, shows and compares the profiles of boards.",
    discussion: """
      A profile is a YAML file with the options of roadseg live and roadseg record for one board. Both take it as \
      --profile FILE; \
      what stands on the command line wins. Names without a path are looked for in /etc/roadseg/profiles and among \
      those that came \
      with roadseg.

      EXAMPLES:
        roadseg config check my-box.yaml
        roadseg config show raspberry-pi-4
        roadseg config diff generic my-box.yaml
      """,
    subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self, ConfigDiffCommand.self])
}

/// `roadseg config check`
struct ConfigCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Refuses unknown keys and values that live or record would not take.")

  @Argument(help: ArgumentHelp("Profiles.", valueName: "profile"))
  var profiles: [String]

  @Flag(name: .long, help: "Print one JSON object a profile.")
  var json = false

  func run() throws {
    for name in profiles {
      let profile = try ProfileFolder.load(name)
      try ProfileArguments.check(profile, name: name)
      if json {
        try Terminal.printJSON(ProfileJSON(name, profile))
      } else {
        Terminal.printLine("\(name): \(profile.keys.count) keys, all known and in range")
      }
    }
  }
}

/// `roadseg config show`
struct ConfigShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Prints a profile's keys with what they mean; without one, every key that there is.")

  @Argument(help: ArgumentHelp("A profile.", valueName: "profile"))
  var profile: String?

  @Flag(name: .long, help: "Print a JSON object instead of YAML.")
  var json = false

  func run() throws {
    let loaded = try profile.map { name throws(RoadError) in try ProfileFolder.load(name) }
    if json {
      try Terminal.printJSON(ProfileJSON(profile ?? "", loaded ?? Profile()))
    } else {
      Terminal.printLine(BoardProfileText.annotated(loaded))
    }
  }
}

/// `roadseg config diff`
struct ConfigDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Prints the keys on which two profiles differ.")

  @Argument(help: "A profile.") var left: String
  @Argument(help: "Another.") var right: String

  @Flag(name: .long, help: "Print a JSON object: for each key both values, null for the command's own default.")
  var json = false

  func run() throws {
    let differences = try ProfileFolder.load(left).differences(to: try ProfileFolder.load(right))
    if json { return try Terminal.printJSON(DifferencesJSON(differences)) }
    for difference in differences {
      let (before, after) = (BoardProfileText.value(difference.left), BoardProfileText.value(difference.right))
      Terminal.printLine("\(difference.key.path): \(before) -> \(after)")
    }
  }
}
