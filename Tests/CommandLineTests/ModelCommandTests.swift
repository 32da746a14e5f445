import Foundation
import Testing

/// `evaluate`, `quantize`, `profile` and `cameras`: what programs read of them.
@Suite("Commands about models and cameras")
struct ModelCommandTests {
  private static let floatModel = Roadseg.golden("RoadQuantizerTests/Goldens/float.onnx")

  /// A folder with one picture, and as its label the classes that `run` gave it.
  private func withLabelledPicture<Result>(_ body: (_ folder: String) throws -> Result) throws -> Result {
    try withFolder { folder in
      try FileManager.default.createDirectory(atPath: "\(folder)/images", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: RunTests.picture, toPath: "\(folder)/images/frame-1.jpg")
      let run = try Roadseg.run(["run", "\(folder)/images", "--output", "\(folder)/m", "--model", Roadseg.model])
      try #require(run.status == 0)
      return try body(folder)
    }
  }

  private func object(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  /// The same network, scaler and upsampler behind both commands: its own classes as labels score 1.
  @Test("evaluate finds what run wrote, exactly, whatever the threads")
  func evaluate() throws {
    try withLabelledPicture { folder in
      let arguments = ["evaluate", "--images", "\(folder)/images", "--labels", "\(folder)/m/classes"]
      let result = try Roadseg.run(arguments + ["--model", Roadseg.model, "--threads", "3", "--json"])
      #expect(result.status == 0)
      #expect(result.errors.isEmpty)
      let scores = try object(result.output)
      #expect(scores["miou"] as? Double == 1)
      #expect(scores["pixel_accuracy"] as? Double == 1)
      #expect(scores["pixels"] as? Int == 34 * 18)
      let output = result.output.replacing(Roadseg.model, with: "MODEL")
      try expectSnapshot(try shape(of: output), "evaluate.json")
    }
  }

  @Test("evaluate by a list, relative to it")
  func list() throws {
    try withLabelledPicture { folder in
      try Data("images/frame-1.jpg m/classes/frame-1.png\n".utf8).write(to: URL(filePath: "\(folder)/list.txt"))
      let result = try Roadseg.run(["evaluate", "--list", "\(folder)/list.txt", "--model", Roadseg.model, "--json"])
      #expect(result.status == 0)
      #expect(try object(result.output)["pictures"] as? Int == 1)
    }
  }

  @Test("labels of another size than their picture")
  func wrongSizeLabels() throws {
    try withLabelledPicture { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/images/frame-1.jpg")
      try FileManager.default.copyItem(
        atPath: Roadseg.golden("RoadFrameTests/Goldens/jpeg-420.jpg"), toPath: "\(folder)/images/frame-1.jpg")
      let result = try Roadseg.run([
        "evaluate", "--images", "\(folder)/images", "--labels", "\(folder)/m/classes", "--model", Roadseg.model,
      ])
      #expect(result.status == 1)
      #expect(result.output.isEmpty)
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains("34x18") && result.errors.contains("37x22"), "\(result.errors)")
    }
  }

  @Test("quantize writes a model that runs")
  func quantize() throws {
    try withLabelledPicture { folder in
      let result = try Roadseg.run([
        "quantize", Self.floatModel, "--calibration", "\(folder)/images", "--output", "\(folder)/int8.onnx", "--json",
      ])
      #expect(result.status == 0)
      #expect(result.errors.isEmpty)
      let output = result.output.replacing(Self.floatModel, with: "MODEL").replacing("\(folder)/", with: "")
      try expectSnapshot(try shape(of: output), "quantize.json")
      #expect(files(below: folder).contains("int8.onnx"))
    }
  }

  @Test("a model whose weights are not numbers")
  func brokenWeights() throws {
    try withLabelledPicture { folder in
      let model = Roadseg.golden("RoadModelTests/Goldens/shapes-17.onnx")
      let result = try Roadseg.run([
        "quantize", model, "--calibration", "\(folder)/images", "--output", "\(folder)/int8.onnx",
      ])
      #expect(result.status == 1)
      #expect(result.errorLines.count == 1, "\(result.errors)")
      #expect(!files(below: folder).contains("int8.onnx"))
    }
  }

  @Test("profile tells stages, layers, peak and memory")
  func profile() throws {
    let result = try Roadseg.run([
      "profile", "--model", Roadseg.model, "--frames", "2", "--frame-size", "128x96", "--threads", "1", "--json",
    ])
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    var profile = try object(result.output)
    // The layers depend on the machine's kernels: one stands for all.
    let layers = try #require(profile["layers"] as? [[String: Any]])
    #expect(layers.count > 3)
    var description = try #require(layers[0]["description"] as? [String: Any])
    for key in ["kernel", "name", "kind"] { description[key] = "#" }
    profile["layers"] = [layers[0].merging(["description": description]) { $1 }]
    profile["instruction_set"] = "#"
    let peak = try #require(profile["peak"] as? [String: Any])
    profile["peak"] = peak.merging(["instruction_set": "#"]) { $1 }
    let json = String(decoding: try JSONSerialization.data(withJSONObject: profile), as: UTF8.self)
    try expectSnapshot(try shape(of: json), "profile.json")
  }

  @Test("cameras lists what is there, which may be nothing")
  func cameras() throws {
    let result = try Roadseg.run(["cameras", "--json"])
    #expect(result.status == 0)
    let listing = try object(result.output)
    #expect(Set(listing.keys) == ["cameras", "problems"])
    #expect(listing["cameras"] is [Any] && listing["problems"] is [Any])
    #expect(try Roadseg.run(["cameras"]).status == 0)
  }
}
