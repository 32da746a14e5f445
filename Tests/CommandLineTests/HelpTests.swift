import Testing

@Suite("Help")
struct HelpTests {
  static let commands = [
    "live", "record", "replay", "export", "inspect", "recover", "protect", "run", "quantize", "evaluate", "flicker",
    "find-parts", "profile", "cameras", "calibrate-camera",
  ]

  @Test("every command explains itself with examples", arguments: commands)
  func explains(command: String) throws {
    let help = try Roadseg.run([command, "--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("EXAMPLES:\n  roadseg \(command)") || help.output.contains("| roadseg \(command)"))
    #expect(help.output.contains("--json"))
    #expect(help.errors.isEmpty)
  }

  @Test("the text is the one that was read last", arguments: commands)
  func snapshot(command: String) throws {
    try expectSnapshot(try Roadseg.run([command, "--help"]).output, "help-\(command).txt")
  }

  @Test("roadseg alone lists its commands")
  func root() throws {
    let help = try Roadseg.run(["--help"])
    #expect(help.status == 0)
    for command in Self.commands { #expect(help.output.contains("\n  \(command) "), "\(command)") }
  }

  @Test(
    "wrong usage is 64",
    arguments: [
      ["live", "--frames", "0"], ["live", "--size", "640"], ["live", "--rate", "-1"], ["live", "--format", "png"],
      ["live", "--threads", "0"], ["run"], ["run", "a.jpg"], ["run", "-", "-", "--output", "x"], ["no-such-command"],
      ["live", "--no-such-option"],
    ])
  func wrongUsage(arguments: [String]) throws {
    let result = try Roadseg.run(arguments)
    #expect(result.status == 64)
    #expect(result.output.isEmpty)
    #expect(!result.errors.isEmpty)
  }
}
