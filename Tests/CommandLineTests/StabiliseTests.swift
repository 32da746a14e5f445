import Foundation
import RoadBase
import RoadFrame
import Testing

/// `--stabilise` and `roadseg flicker`.
@Suite("Steadied masks") struct StabiliseTests {
  private static func object(_ run: Roadseg) throws -> [String: Any] {
    #expect(run.status == 0, "\(run.errors)")
    let last = try #require(run.outputLines.last)
    return try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
  }

  @Test("live steadies gently unless told otherwise, and tells what it did")
  func live() throws {
    let common = ["live", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "5", "--json"]
    let usual = try Self.object(Roadseg.run(common))
    let steady = try #require((usual["masks"] as? [String: Any])?["stabilise"] as? [String: Any])
    #expect(steady["mode"] as? String == "gentle")
    #expect(steady["restarts"] as? Int ?? 0 >= 1 && steady["ms"] as? Double ?? 0 > 0)
    let off = try Self.object(Roadseg.run(common + ["--stabilise", "off"]))
    #expect((off["masks"] as? [String: Any])?["stabilise"] is NSNull)
  }

  @Test("run over a film: the first mask is the network's own, the next ones remember")
  func run() throws {
    try withFolder { folder in
      let frames = "\(folder)/film"
      try Self.writeFilm(frames)
      func masks(_ name: String, _ arguments: [String]) throws -> [Data?] {
        let run = try Roadseg.run(
          ["run", frames, "--output", "\(folder)/\(name)", "--model", Roadseg.model, "--write", "classes"] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        return (0..<4).map { FileManager.default.contents(atPath: "\(folder)/\(name)/classes/\($0).png") }
      }
      let usual = try masks("usual", [])
      let off = try masks("off", ["--stabilise", "off"])
      #expect(usual == off && !usual.contains(nil))
      let steady = try masks("strong", ["--stabilise", "strong"])
      #expect(steady[0] == usual[0] && steady[1...] != usual[1...])
      let oneThread = try masks("threads", ["--stabilise", "strong", "--threads", "1"])
      #expect(steady == oneThread)
    }
  }

  /// One picture, four times, with other noise: nothing moves, and the network's mind changes.
  private static func writeFilm(_ folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var seed: UInt32 = 7
    for frame in 0..<4 {
      var pixels = [UInt8](repeating: 0, count: 96 * 72)
      for index in pixels.indices {
        seed = seed &* 1_664_525 &+ 1_013_904_223
        pixels[index] = UInt8(60 + index / 96 + Int(seed >> 28))
      }
      try pixels.withUnsafeBufferPointer { grey in
        let size = PictureSize(width: 96, height: 72)
        try FileOutput.write(PNG.grey(#require(grey.baseAddress), size: size), to: "\(folder)/\(frame).png")
      }
    }
  }

  @Test("flicker measures all ways at once, with the truth of the synthetic road")
  func flicker() throws {
    let run = try Roadseg.run(
      ["flicker", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "12", "--json"])
    let result = try Self.object(run)
    #expect(result["frames"] as? Int == 12)
    let ways = try #require(result["stabilise"] as? [String: [String: Any]])
    #expect(Set(ways.keys) == ["off", "gentle", "strong"])
    let flicker = ["off", "gentle", "strong"].compactMap { ways[$0]?["flicker"] as? Double }
    #expect(flicker.count == 3 && flicker == flicker.sorted(by: >))
    #expect(ways["off"]?["ms"] as? Double == 0 && ways["strong"]?["ms"] as? Double ?? 0 > 0)
    #expect(ways["off"]?["road_iou"] is Double)
    let table = try Roadseg.run(
      ["flicker", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "3"])
    #expect(table.status == 0 && table.output.contains("false flicker"), "\(table)")
  }

  @Test("a sheet shows the places that flicker most, as they are and steadied")
  func sheet() throws {
    try withFolder { folder in
      let arguments = ["flicker", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "24"]
      let run = try Roadseg.run(arguments + ["--sheet", "\(folder)/sheet.jpg"])
      #expect(run.status == 0, "\(run)")
      // Three neighbours of 400x300 across; two rows for each of two or three places eight frames apart.
      let picture = try PictureFile.read("\(folder)/sheet.jpg")
      #expect(picture.size.width == 6 + 3 * 406)
      let heights = [2, 3].map { (places: Int) -> Int in 6 + 2 * places * 324 }
      #expect(heights.contains(picture.size.height), "\(picture.size)")
      let failed = try Roadseg.run(arguments + ["--sheet", "\(folder)/none/sheet.jpg"])
      #expect(failed.status == 1 && failed.errors.contains("sheet.jpg"), "\(failed)")
    }
  }

  @Test("recorded masks are those of single pictures: record and verify know no steadying")
  func recordings() throws {
    try withFolder { folder in
      let recorded = try Roadseg.run(
        [
          "record", "synthetic", "--size", "160x120", "--rate", "60", "--model", Roadseg.model, "--frames", "4",
          "--raw",
        ]
          + ["--output", "\(folder)/drive"])
      #expect(recorded.status == 0, "\(recorded.errors)")
      let verified = try Roadseg.run(["replay", "\(folder)/drive", "--verify", "--model", Roadseg.model])
      #expect(verified.status == 0 && verified.output.hasPrefix("4 of 4 masks verified"), "\(verified)")
      let played = try Roadseg.run(
        ["replay", "\(folder)/drive", "--as-fast-as-possible", "--model", Roadseg.model, "--stabilise", "strong"]
          + ["--json"])
      let steady = (try Self.object(played)["masks"] as? [String: Any])?["stabilise"] as? [String: Any]
      #expect(steady?["mode"] as? String == "strong")
      let both = ["replay", "\(folder)/drive", "--verify", "--stabilise", "gentle"]
      #expect(try Roadseg.run(both).status == 64)
      #expect(try Roadseg.run(["record", "synthetic", "--output", folder, "--stabilise", "gentle"]).status == 64)
    }
  }

  @Test("what the option does not take is a usage error")
  func usage() throws {
    #expect(try Roadseg.run(["live", "synthetic", "--frames", "1", "--stabilise", "much"]).status == 64)
    #expect(try Roadseg.run(["flicker", "synthetic", "--frames", "2"]).status == 64)
    #expect(try Roadseg.run(["flicker", "synthetic:wings"]).errors.contains("bonnet, reflection, stamp"))
    #expect(try Roadseg.run(["run", "a.mjpeg", "-o", "m", "--resume", "--stabilise", "gentle"]).status == 64)
  }
}
