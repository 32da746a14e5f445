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

  @Test("auto looks for them while it drives; what is kept for the camera counts from the start on, recordings too")
  func auto() throws {
    try withFolder { folder in
      let place = ["STATE_DIRECTORY": folder]
      let live = ["live", "synthetic:bonnet", "--size", "160x120", "--model", Roadseg.model, "--own-parts", "auto"]
      let first = try Roadseg.run(
        live + ["--rate", "200", "--frames", "100", "--json"], environment: place)
      #expect(first.status == 0, "\(first.errors)")
      let told = try Self.ownParts(first)
      #expect(told["polygons"] as? Int == 0 && told["searched"] as? Double ?? 0 > 0, "\(told)")
      let path = try #require(told["file"] as? String)
      #expect(path.hasPrefix("\(folder)/own-parts/synthetic-road-with-bonnet-seed-1-"))
      #expect(first.errors.contains("looked for while it drives, kept in \(path)"))
      #expect(!FileManager.default.fileExists(atPath: path))

      try FileManager.default.createDirectory(atPath: "\(folder)/own-parts", withIntermediateDirectories: true)
      try "# by hand\n0,75 100,75 100,100 0,100\n".write(toFile: path, atomically: true, encoding: .utf8)
      let second = try Roadseg.run(live + ["--frames", "3", "--json"], environment: place)
      let known = try Self.ownParts(second)
      #expect(known["share"] as? Double == 0.25 && known["origin"] as? String == "given")
      #expect(known["searched"] is NSNull && second.errors.contains("25.0 % of the picture, kept in \(path)"))

      let recorded = try Roadseg.run(
        [
          "record", "synthetic:bonnet", "--size", "160x120", "--rate", "60", "--model", Roadseg.model, "--frames", "3",
          "--raw", "--own-parts", "auto", "--region", "0,50 100,50 100,100 0,100", "--output", "\(folder)/drive",
        ], environment: place)
      #expect(recorded.status == 0, "\(recorded.errors)")
      try FileManager.default.removeItem(atPath: path)
      let shown = try Roadseg.run(["inspect", "\(folder)/drive", "--json"])
      #expect(shown.output.contains("0,75 100,75 100,100 0,100") && shown.output.contains("0,50 100,50"), "\(shown)")
      let verified = try Roadseg.run(["replay", "\(folder)/drive", "--verify", "--model", Roadseg.model])
      #expect(verified.status == 0 && verified.output.hasPrefix("3 of 3 masks verified"), "\(verified)")

      try "0,75 100\n".write(toFile: path, atomically: true, encoding: .utf8)
      let damaged = try Roadseg.run(live + ["--frames", "3"], environment: place)
      #expect(damaged.status == 1 && damaged.errors.contains("\(path):1: '100' is no corner"), "\(damaged)")
    }
  }

  private static func ownParts(_ run: Roadseg) throws -> [String: Any] {
    let last = try #require(run.outputLines.last, "\(run.errors)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    return try #require((object["masks"] as? [String: Any])?["own_parts"] as? [String: Any])
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

  @Test("a region that is none, and auto where there is no camera, are refused")
  func refusedWords() throws {
    try withFolder { folder in
      let run = ["run", RunTests.picture, "--output", "\(folder)/m", "--model", Roadseg.model]
      let auto = try Roadseg.run(run + ["--own-parts", "auto"])
      #expect(auto.status == 1 && auto.errors.contains("find-parts"), "\(auto)")
      let region = try Roadseg.run(run + ["--region", "0,0 10,10"])
      #expect(region.status == 1 && region.errors.contains("--region:1: a polygon of 2 corners"), "\(region)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/m"))
      let off = try Roadseg.run(run + ["--own-parts", "off"])
      #expect(off.status == 0, "\(off)")
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
