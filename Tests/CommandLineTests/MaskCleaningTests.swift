import Foundation
import Testing

/// `--clean` and `--near-bottom` through the commands.
@Suite("Cleaned masks") struct MaskCleaningTests {
  private static func summary(_ arguments: [String]) throws -> [String: Any] {
    let run = try Roadseg.run(
      ["live", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "4", "--json"] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    let last = try #require(run.outputLines.last)
    return try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
  }

  private static func stage(_ summary: [String: Any]) -> Int? {
    ((summary["stages_ms"] as? [String: Any])?["refine"] as? [String: Any])?["count"] as? Int
  }

  @Test("live cleans gently unless told otherwise, and tells what each step costs")
  func live() throws {
    let usual = try Self.summary([])
    let clean = try #require((usual["masks"] as? [String: Any])?["clean"] as? [String: Any])
    #expect(clean["mode"] as? String == "gentle" && clean["near_bottom"] is NSNull)
    let steps = try #require(clean["ms"] as? [String: Double])
    #expect(Set(steps.keys) == ["opening", "closing", "patches", "holes", "conversion"])
    #expect(steps.values.allSatisfy { $0 >= 0 } && Self.stage(usual) ?? 0 >= 4)
    let off = try Self.summary(["--clean", "off", "--stabilise", "off"])
    #expect(off["masks"] is NSNull && Self.stage(off) == 0)
    let near = try Self.summary(["--clean", "off", "--near-bottom", "30"])
    #expect(((near["masks"] as? [String: Any])?["clean"] as? [String: Any])?["near_bottom"] as? Int == 30)
  }

  /// The network's class 1, which it sees in many small pieces, as the road.
  private static func classes(in folder: String) throws -> String {
    let names = ["sky", "road", "tree", "car", "wall", "pole", "sign"]
    let rows = names.enumerated().map { "\($0)\t\($1)\t\($0)\t0\t0\n" }.joined()
    try "index\tname\tr\tg\tb\n\(rows)".write(toFile: "\(folder)/classes.tsv", atomically: true, encoding: .utf8)
    return "--classes=\(folder)/classes.tsv"
  }

  @Test("run leaves masks as they are unless told to clean them")
  func run() throws {
    try withFolder { folder in
      let classes = try Self.classes(in: folder)
      func road(_ name: String, _ arguments: [String]) throws -> Data? {
        let run = try Roadseg.run(
          ["run", RunTests.picture, "--output", "\(folder)/\(name)", "--model", Roadseg.model, classes] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        return FileManager.default.contents(atPath: "\(folder)/\(name)/road/frame-1.png")
      }
      let usual = try road("usual", [])
      let (off, strong) = (try road("off", ["--clean", "off"]), try road("strong", ["--clean", "strong"]))
      #expect(usual == off)
      #expect(usual != strong)
    }
  }

  @Test("a recording of cleaned masks is verified as it was cleaned")
  func verify() throws {
    try withFolder { folder in
      let classes = try Self.classes(in: folder)
      for (name, arguments) in [("off", []), ("strong", ["--clean", "strong", "--near-bottom", "40"])] {
        let recorded = try Roadseg.run(
          ["record", "synthetic", "--size", "160x120", "--rate", "60", "--model", Roadseg.model, "--frames", "4"]
            + [classes, "--raw", "--output", "\(folder)/\(name)"] + arguments)
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try Roadseg.run(
          ["replay", "\(folder)/\(name)", "--verify", "--model", Roadseg.model, classes])
        #expect(verified.status == 0 && verified.output.hasPrefix("4 of 4 masks verified"), "\(verified)")
      }
    }
  }

  @Test("what the options do not take is a usage error", arguments: [["--clean", "a bit"], ["--near-bottom", "0"]])
  func usage(arguments: [String]) throws {
    #expect(try Roadseg.run(["live", "synthetic", "--frames", "1"] + arguments).status == 64)
  }
}
