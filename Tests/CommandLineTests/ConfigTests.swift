import Foundation
import RoadProfiles
import Testing

/// Profiles through the command: those that come with roadseg, and those that are wrong.
@Suite struct ConfigTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Firmware-Configs/profiles").path
  static let shipped = ["generic", "jetson-cpu", "raspberry-pi-4", "raspberry-pi-5", "rk3588"]

  @Test("every shipped profile is one that live and record take", arguments: shipped)
  func shippedProfile(name: String) throws {
    let check = try Roadseg.run(["config", "check", "\(Self.folder)/\(name).yaml"])
    #expect(check.status == 0 && check.output.hasSuffix("all known and in range\n"), "\(check)")
    let text = try String(contentsOfFile: "\(Self.folder)/\(name).yaml", encoding: .utf8)
    for line in text.split(separator: "\n") { #expect(line.count <= 120) }
  }

  @Test("no profile is left out of the tests")
  func all() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(Set(files) == Set(Self.shipped.map { "\($0).yaml" }))
  }

  @Test("every key is an option of its command", arguments: ["live", "record"])
  func options(command: String) throws {
    let help = try Roadseg.run([command, "--help"]).output
    guard help.contains("--profile") else { return }
    for key in ProfileKey.all where key.serves(command) {
      guard let option = key.option else { continue }
      #expect(help.contains("\(option)"), "\(key.path)")
    }
  }

  @Test("a wrong key is one message and exit code 1")
  func wrongKey() throws {
    let file = try Box("camera:\n  rats: 30\n")
    let check = try Roadseg.run(["config", "check", file.path])
    #expect(check.status == 1 && check.output.isEmpty)
    #expect(check.errors == "roadseg: \(file.path):2: unknown key 'camera.rats'; did you mean 'rate'?\n")
  }

  @Test("a value that only the command can judge is refused, too")
  func wrongFormat() throws {
    let file = try Box("camera:\n  format: betamax\n")
    let check = try Roadseg.run(["config", "check", file.path])
    #expect(check.status == 1 && check.errors.contains("betamax"), "\(check)")
  }

  @Test("show gives back what check takes, with what each key means")
  func show() throws {
    let shown = try Roadseg.run(["config", "show", "\(Self.folder)/generic.yaml"])
    #expect(shown.status == 0)
    let file = try Box(shown.output)
    #expect(try Roadseg.run(["config", "check", file.path]).status == 0)
    #expect(try Roadseg.run(["config", "diff", "\(Self.folder)/generic.yaml", file.path]).output.isEmpty)
    let everything = try Roadseg.run(["config", "show"])
    for key in ProfileKey.all { #expect(everything.output.contains("# \(key.explanation)")) }
  }

  @Test("live takes a profile, and what was typed wins")
  func live() throws {
    let file = try Box("camera:\n  source: synthetic\n  size: 160x120\nnetwork:\n  threads: 1\nlive:\n  json: true\n")
    let run = try Roadseg.run(["live", "--profile", file.path, "--frames", "3"])
    #expect(run.status == 0 && run.output.contains("\"type\":\"summary\""), "\(run)")
    let typed = try Roadseg.run(["live", "/nowhere.mjpeg", "--profile", file.path, "--frames", "3"])
    #expect(typed.status == 1 && typed.errors.contains("/nowhere.mjpeg"))
  }

  @Test("a profile that is not there is one message")
  func absent() throws {
    let run = try Roadseg.run(["live", "--profile", "no-such-board"])
    #expect(run.status == 1 && run.errors.hasPrefix("roadseg: no profile 'no-such-board'"), "\(run)")
  }

  /// A file with this text, gone with the value.
  private final class Box {
    let path = FileManager.default.temporaryDirectory.appending(path: "roadseg-box-\(UUID()).yaml").path

    init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }
}
