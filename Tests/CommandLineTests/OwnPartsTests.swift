import Foundation
import RoadFrame
import Testing

/// `--own-parts` through the commands.
@Suite("The car's own parts") struct OwnPartsCommandTests {
  private static func parts(_ folder: String, _ text: String) throws -> String {
    let path = "\(folder)/parts.txt"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test("live tells how much of the picture they are")
  func live() throws {
    try withFolder { folder in
      let parts = try Self.parts(folder, "0,75 100,75 100,100 0,100")
      let run = try Roadseg.run(
        ["live", "synthetic:bonnet", "--size", "160x120", "--model", Roadseg.model, "--frames", "3", "--json"]
          + ["--own-parts", parts])
      #expect(run.status == 0, "\(run.errors)")
      let last = try #require(run.outputLines.last)
      let object = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
      let told = try #require((object["masks"] as? [String: Any])?["own_parts"] as? [String: Any])
      #expect(told["share"] as? Double == 0.25 && told["polygons"] as? Int == 1)
    }
  }

  @Test("run leaves no road in them and nothing else changes")
  func run() throws {
    try withFolder { folder in
      let parts = try Self.parts(folder, "0,50 100,50 100,100 0,100")
      // The network's class 1, which it sees in many small pieces, as the road.
      let names = ["sky", "road", "tree", "car", "wall", "pole", "sign"]
      let rows = names.enumerated().map { "\($0)\t\($1)\t\($0)\t0\t0\n" }.joined()
      try "index\tname\tr\tg\tb\n\(rows)".write(
        toFile: "\(folder)/classes.tsv", atomically: true, encoding: .utf8)
      func classes(_ name: String, _ arguments: [String]) throws -> [UInt8] {
        let run = try Roadseg.run(
          ["run", RunTests.picture, "--output", "\(folder)/\(name)", "--model", Roadseg.model]
            + ["--classes=\(folder)/classes.tsv"] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        return Array(try PNG.labels(path: "\(folder)/\(name)/classes/frame-1.png").values)
      }
      let (before, after) = (try classes("a", []), try classes("b", ["--own-parts", parts]))
      let half = before.count / 2
      #expect(before[..<half] == after[..<half] && before.count == after.count)
      for index in half..<before.count { #expect(after[index] == (before[index] == 1 ? 0 : before[index])) }
      #expect(before[half...].contains(1))
    }
  }

  @Test("a recording knows them, and is verified with them")
  func verify() throws {
    try withFolder { folder in
      let parts = try Self.parts(folder, "0,50 100,50 100,100 0,100")
      let recorded = try Roadseg.run(
        [
          "record", "synthetic", "--size", "160x120", "--rate", "60", "--model", Roadseg.model, "--frames", "4",
          "--raw",
        ]
          + ["--own-parts", parts, "--output", "\(folder)/drive"])
      #expect(recorded.status == 0, "\(recorded.errors)")
      try FileManager.default.removeItem(atPath: parts)
      let verified = try Roadseg.run(["replay", "\(folder)/drive", "--verify", "--model", Roadseg.model])
      #expect(verified.status == 0 && verified.output.hasPrefix("4 of 4 masks verified"), "\(verified)")
    }
  }

  @Test("a file that is not there or is no polygon is said before anything begins")
  func refused() throws {
    try withFolder { folder in
      for path in ["\(folder)/none.txt", try Self.parts(folder, "0,0 10,10")] {
        let run = try Roadseg.run(
          ["run", RunTests.picture, "--output", "\(folder)/m", "--model", Roadseg.model, "--own-parts", path])
        #expect(run.status == 1 && run.errors.contains(path), "\(run)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/m"))
      }
    }
  }
}
