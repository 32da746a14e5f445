import Foundation
import Testing

@Suite("roadseg find-parts") struct FindPartsTests {
  @Test("what is found of the synthetic car is taken by --own-parts")
  func synthetic() throws {
    try withFolder { folder in
      let parts = "\(folder)/parts.txt"
      let found = try Roadseg.run(
        ["find-parts", "synthetic:bonnet", "--size", "240x180", "--frames", "200", "--output", parts, "--json"])
      #expect(found.status == 0, "\(found.errors)")
      let object = try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
      #expect(object["frames"] as? Int == 200 && object["moving_frames"] as? Int ?? 0 >= 150)
      #expect(object["polygons"] as? Int ?? 0 >= 1)
      #expect((0.08...0.3).contains(object["share"] as? Double ?? 0))
      #expect(found.errors.contains("short drive"))
      let text = try String(contentsOfFile: parts, encoding: .utf8)
      #expect(text.hasPrefix("# synthetic road with bonnet, seed 1: "))
      let run = try Roadseg.run(
        ["run", RunTests.picture, "--output", "\(folder)/m", "--model", Roadseg.model, "--own-parts", parts])
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test("a drive that is too short is said, and nothing is written")
  func short() throws {
    try withFolder { folder in
      let stream = Roadseg.golden("RoadCameraTests/Goldens/pattern.mjpeg")
      let run = try Roadseg.run(["find-parts", stream, "--output", "\(folder)/parts.txt"])
      #expect(run.status == 1 && run.errors.contains("moves in"), "\(run)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/parts.txt"))
      #expect(try Roadseg.run(["find-parts", "synthetic:wings", "--output", "\(folder)/p"]).status == 1)
    }
  }
}
