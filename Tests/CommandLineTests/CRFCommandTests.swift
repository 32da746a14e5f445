import Foundation
import RoadFrame
import Testing

@Suite("--crf") struct CRFCommandTests {
  @Test("run refines its masks, of the same pictures and classes; evaluate says so, and tells the edges' score")
  func refines() throws {
    try withFolder { folder in
      func classes(_ name: String, _ arguments: [String]) throws -> BytePicture {
        let run = try Roadseg.run(
          ["run", RunTests.picture, "--output", "\(folder)/\(name)", "--model", Roadseg.model] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        return try PNG.labels(path: "\(folder)/\(name)/classes/frame-1.png")
      }
      let (plain, refined) = (try classes("a", []), try classes("b", ["--crf"]))
      #expect(plain.size == refined.size && Array(plain.values) != Array(refined.values))

      // Its own masks are the labels: without refining all is right, with it not.
      for (name, arguments, isRight) in [("a", [], true), ("a", ["--crf"], false), ("b", ["--crf"], true)] {
        try "\(RunTests.picture) \(folder)/\(name)/classes/frame-1.png\n".write(
          toFile: "\(folder)/list.txt", atomically: true, encoding: .utf8)
        let run = try Roadseg.run(
          ["evaluate", "--list", "\(folder)/list.txt", "--model", Roadseg.model, "--json"] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        #expect(object["crf"] as? Bool == !arguments.isEmpty)
        #expect((object["pixel_accuracy"] as? Double == 1) == isRight, "\(run.output)")
        #expect(object.keys.contains("road_boundary_iou"))
      }
    }
  }

  @Test("planes are refused")
  func refused() throws {
    let run = try Roadseg.run(["run", "a.jpg", "--output", "m", "--crf", "--preparation", "planes"])
    #expect(run.status != 0 && run.errors.contains("--crf needs --preparation pictures"), "\(run)")
  }
}
