import Foundation
import Testing

@Suite("roadseg run")
struct RunTests {
  static let picture = Roadseg.golden("RoadCameraTests/Goldens/frame-1.jpg")

  @Test("three files a picture, and a summary whose shape is kept")
  func json() throws {
    try withFolder { folder in
      let result = try Roadseg.run(["run", Self.picture, "--output", "\(folder)/m", "--model", Roadseg.model, "--json"])
      #expect(result.status == 0)
      #expect(result.errors.isEmpty)
      #expect(result.outputLines.count == 1)
      let output = result.output.replacing("\(folder)/", with: "")
      try expectSnapshot(try shape(of: output), "run.json")
      #expect(files(below: "\(folder)/m") == ["classes/frame-1.png", "overlay/frame-1.jpg", "road/frame-1.png"])
    }
  }

  @Test("any number of threads gives the same bytes")
  func sameBytes() throws {
    try withFolder { folder in
      for threads in ["1", "3"] {
        let result = try Roadseg.run(
          ["run", Self.picture, "--output", "\(folder)/\(threads)", "--model", Roadseg.model, "--threads", threads])
        #expect(result.status == 0)
      }
      for file in files(below: "\(folder)/1") {
        #expect(
          FileManager.default.contents(atPath: "\(folder)/1/\(file)")
            == FileManager.default.contents(atPath: "\(folder)/3/\(file)"), "\(file)")
      }
    }
  }

  @Test("a stream on standard input, every frame")
  func stream() throws {
    try withFolder { folder in
      let stream = try Data(contentsOf: URL(filePath: Roadseg.golden("RoadCameraTests/Goldens/pattern-420.y4m")))
      let result = try Roadseg.run(["run", "-", "--output", folder, "--model", Roadseg.model], input: stream)
      #expect(result.status == 0)
      let overlays = files(below: "\(folder)/overlay")
      #expect(overlays == overlays.indices.map { String(format: "frame-%06d.jpg", $0) })
      #expect(overlays.count > 1)
    }
  }

  @Test("pictures of different sizes in one go")
  func sizes() throws {
    try withFolder { folder in
      try FileManager.default.copyItem(
        atPath: Roadseg.golden("RoadFrameTests/Goldens/jpeg-420.jpg"), toPath: "\(folder)/other.jpg")
      let result = try Roadseg.run(
        ["run", Self.picture, "\(folder)/other.jpg", "--output", "\(folder)/m", "--model", Roadseg.model])
      #expect(result.status == 0)
      #expect(files(below: "\(folder)/m/road") == ["frame-1.png", "other.png"])
    }
  }

  @Test("a model runs at other sizes than its own; where its shapes do not allow that, the message names its own")
  func otherInputSize() throws {
    try withFolder { folder in
      func run(_ size: String, _ model: String) throws -> Roadseg {
        try Roadseg.run(
          ["run", Self.picture, "--output", "\(folder)/\(size)", "--input-size", size, "--model", model])
      }
      for size in ["61x46", "48x32", "33x71"] {
        #expect(try run(size, Roadseg.model).status == 0, "\(size)")
      }
      // A Reshape to lengths that follow from nothing.
      let result = try run("64x48", Roadseg.golden("Zoo/Exports/quantized-operators.onnx"))
      #expect(result.status == 1)
      #expect(result.errors.contains("the model was exported for 48x32: run it at that size"))
    }
  }
}
