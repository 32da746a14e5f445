import Foundation
import RoadModel
import RoadTestSupport
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
      // This small network sees no road there; evaluate says what that means.
      #expect(result.errorLines.allSatisfy { $0.contains("no pixel is labelled 'drivable'") }, "\(result.errors)")
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

  /// Beside a channel of millions, those that tell the classes are less than a step of eight bits.
  @Test("quantize says where few pixels keep their class")
  func losses() throws {
    try withLabelledPicture { folder in
      let weights = [Float](repeating: 0, count: 6) + [1e6, 1e6, 1e6]
      let graph = ModelGraph(
        inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 3, 16, 16])],
        outputs: [ValueInfo(name: "y", elementType: .float, shape: [1, 2, 16, 16])],
        nodes: [
          Node(name: "first", operation: "Conv", inputs: ["x", "w1", "b1"], outputs: ["h"]),
          Node(name: "relu", operation: "Relu", inputs: ["h"], outputs: ["r"]),
          Node(name: "second", operation: "Conv", inputs: ["r", "w2", "b2"], outputs: ["y"]),
        ],
        initializers: [
          "w1": TensorData(floats: weights, shape: [3, 3, 1, 1]), "b1": TensorData(floats: [1, 3, 0], shape: [3]),
          "w2": TensorData(floats: [1, 0, 0, 0, 1, 0], shape: [2, 3, 1, 1]),
          "b2": TensorData(floats: [0, 0], shape: [2]),
        ])
      try Data(ONNXWriter.write(graph)).write(to: URL(filePath: "\(folder)/float.onnx"))
      let result = try Roadseg.run([
        "quantize", "\(folder)/float.onnx", "--calibration", "\(folder)/images", "--output", "\(folder)/int8.onnx",
        "--wide", "none", "--no-equalize",
      ])
      #expect(result.status == 0 && result.errors.contains("pixels keep their class in integers"), "\(result.errors)")
    }
  }

  /// A good model's classes are the labels; one calibrated on the label picture, nearly black, clips everything that
  /// matters.
  @Test("quantize holds the drop that is allowed, and writes nothing where it cannot")
  func allowedDrop() throws {
    try withLabelledPicture { folder in
      let classes = (0..<5).map { "\($0)\t\($0 == 0 ? "road" : "class\($0)")\t0\t0\t\($0)\n" }.joined()
      try Data(("index\tname\tr\tg\tb\n" + classes).utf8).write(to: URL(filePath: "\(folder)/classes.tsv"))
      let table = ["--classes", "\(folder)/classes.tsv"]
      let good = ["quantize", Self.floatModel, "--calibration", "\(folder)/images", "--output", "\(folder)/good.onnx"]
      #expect(try Roadseg.run(good + table).status == 0)
      let labels = try Roadseg.run(
        ["run", "\(folder)/images", "--output", "\(folder)/labels", "--model", "\(folder)/good.onnx"])
      try #require(labels.status == 0)
      try Data("images/frame-1.jpg labels/classes/frame-1.png\n".utf8).write(to: URL(filePath: "\(folder)/val.txt"))
      let other =
        ["quantize", Self.floatModel, "--output", "\(folder)/int8.onnx", "--evaluate", "\(folder)/val.txt"] + table

      let blind = other + ["--calibration", "\(folder)/labels/classes"]
      let refused = try Roadseg.run(blind + ["--max-drop", "0.1,0.1"])
      #expect(refused.status == 1 && refused.output.isEmpty)
      #expect(
        refused.errorLines.count == 1 && refused.errors.contains("int8 loses too much: mIoU"), "\(refused.errors)")
      #expect(!files(below: folder).contains("int8.onnx"))

      let measured = try Roadseg.run(blind + ["--json"])
      #expect(measured.status == 0)
      let drop = try #require(try object(measured.output)["drop"] as? [String: Any])
      #expect(try #require(drop["miou"] as? Double) > 0.1 && drop["pictures"] as? Int == 1)

      let seen = try Roadseg.run(other + ["--calibration", "\(folder)/images", "--max-drop", "1"])
      #expect(seen.status == 1 && seen.errors.contains("1 of the pictures calibrated the model"), "\(seen.errors)")
    }
  }

  /// The labels are the classes of the same network with 16 bits everywhere: bytes lose something, and 16 bits win it
  /// back.
  @Test("quantize gives layers 16 bits until the allowed drop holds, unless it is told which")
  func widening() throws {
    try withLabelledPicture { folder in
      let classes = (0..<5).map { "\($0)\t\($0 == 1 ? "road" : "class\($0)")\t0\t0\t\($0)\n" }.joined()
      try Data(("index\tname\tr\tg\tb\n" + classes).utf8).write(to: URL(filePath: "\(folder)/classes.tsv"))
      let quantize = ["quantize", Self.floatModel, "--classes", "\(folder)/classes.tsv"]
      let layers = "norm,stem_relu,relu6,project,sum_relu,pooled,deep,up,joined"
      let best = ["--calibration", "\(folder)/images", "--wide", layers, "--output", "\(folder)/best.onnx"]
      try #require(try Roadseg.run(quantize + best).status == 0)
      try #require(
        try Roadseg.run(["run", "\(folder)/images", "--output", "\(folder)/best", "--model", "\(folder)/best.onnx"])
          .status == 0)
      try Data("images/frame-1.jpg best/classes/frame-1.png\n".utf8).write(to: URL(filePath: "\(folder)/val.txt"))
      try FileManager.default.createDirectory(atPath: "\(folder)/other", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Roadseg.golden("RoadCameraTests/Goldens/frame-2.jpg"), toPath: "\(folder)/other/frame-2.jpg")
      let other =
        quantize + [
          "--calibration", "\(folder)/other", "--output", "\(folder)/int8.onnx", "--evaluate",
          "\(folder)/val.txt", "--json",
        ]

      let measured = try object(Roadseg.run(other + ["--wide", "none"]).output)
      let lost = try #require((measured["drop"] as? [String: Any])?["miou"] as? Double)
      try #require(lost > 0)
      let usual = try ONNXReader.read(path: "\(folder)/int8.onnx").usualSaturation
      #expect(usual != nil, "of named classes, for the drift alarm")
      try FileManager.default.removeItem(atPath: "\(folder)/int8.onnx")
      let limit = ["--max-drop", "\(0.99 * lost),1"]
      let refused = try Roadseg.run(other + limit + ["--wide", "none"])
      #expect(refused.status == 1 && refused.errors.contains("--wide auto"), "\(refused.errors)")
      #expect(!files(below: folder).contains("int8.onnx"))

      let held = try Roadseg.run(other + limit)
      try #require(held.status == 0, "\(held.errors)")
      let result = try object(held.output)
      #expect(try #require((result["drop"] as? [String: Any])?["miou"] as? Double) < lost)
      #expect((result["wide"] as? [String])?.isEmpty == false && files(below: folder).contains("int8.onnx"))
    }
  }

  /// Channels of very different weights, as depthwise networks have them: bytes keep them only once they are balanced.
  @Test("a network that bytes do not keep is equalised unless told otherwise")
  func equalisation() throws {
    try withLabelledPicture { folder in
      var graph = ModelGraph(
        inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 3, 48, 64])],
        outputs: [ValueInfo(name: "y", elementType: .float, shape: [1, 2, 48, 64])])
      var random = SplitMix(state: 5)
      let spread = (0..<16).map { _ in exp2(Float.random(in: -6...6, using: &random)) }
      let first = (0..<16).flatMap { channel in
        (0..<3).map { _ in Float.random(in: -0.01...0.01, using: &random) * spread[channel] }
      }
      let second = (0..<32).map { Float.random(in: -1...1, using: &random) / spread[$0 % 16] }
      graph.initializers = [
        "a": TensorData(floats: first, shape: [16, 3, 1, 1]), "b": TensorData(floats: second, shape: [2, 16, 1, 1]),
      ]
      graph.nodes = [
        Node(name: "first", operation: "Conv", inputs: ["x", "a"], outputs: ["p"]),
        Node(name: "relu", operation: "Relu", inputs: ["p"], outputs: ["q"]),
        Node(name: "second", operation: "Conv", inputs: ["q", "b"], outputs: ["y"]),
      ]
      let model = "\(folder)/float.onnx"
      try Data(ONNXWriter.write(graph)).write(to: URL(filePath: model))
      func equalized(_ options: String...) throws -> Bool? {
        let result = try Roadseg.run(
          [
            "quantize", model, "--calibration", "\(folder)/images", "--output", "\(folder)/int8.onnx", "--wide", "none",
            "--json",
          ] + options)
        try #require(result.status == 0, "\(result.errors)")
        return try object(result.output)["equalized"] as? Bool
      }
      #expect(try equalized() == true)
      #expect(try equalized("--no-equalize") == false)
      #expect(try equalized("--equalize") == true)
    }
  }

  @Test("the report names time and sensitivity of each layer")
  func report() throws {
    try withLabelledPicture { folder in
      let result = try Roadseg.run([
        "quantize", Self.floatModel, "--calibration", "\(folder)/images", "--output", "\(folder)/int8.onnx", "--json",
        "--report", "--observer", "entropy", "--equalize", "--mean", "0,0,0", "--std", "1,1,1",
      ])
      #expect(result.status == 0, "\(result.errors)")
      let layers = try #require(try object(result.output)["layers"] as? [[String: Any]])
      #expect(layers.count > 5)
      for layer in layers { #expect(layer["scores_signal_to_noise"] is Double, "\(layer)") }
      #expect(layers.filter { $0["milliseconds"] is Double }.count > layers.count / 2)
    }
  }

  @Test(
    "options of quantize that contradict each other",
    arguments: [
      ["--max-drop", "0.1"], ["--label-map", "x.tsv"], ["--mean", "0,0,0"], ["--mean", "0,0,0", "--std", "1,0,1"],
      ["--mean", "0,0", "--std", "1,1,1"], ["--evaluate", "x", "--max-drop", "2"],
      ["--evaluate", "x", "--max-drop", "0.1,0.1,0.1"],
    ])
  func contradictions(options: [String]) throws {
    let result = try Roadseg.run(
      ["quantize", Self.floatModel, "--calibration", "x", "--output", "/nonexistent/y.onnx"] + options)
    #expect(result.status == 64)
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
    var profile = try object(result.output.replacing(Roadseg.model, with: "MODEL"))
    // The layers depend on the machine's kernels: one stands for all.
    let layers = try #require(profile["layers"] as? [[String: Any]])
    #expect(layers.count > 3)
    var description = try #require(layers[0]["description"] as? [String: Any])
    for key in ["kernel", "name", "kind"] { description[key] = "#" }
    var roofline = try #require(layers[0]["roofline"] as? [String: Any])
    roofline["bound"] = "#"
    profile["layers"] = [layers[0].merging(["description": description, "roofline": roofline]) { $1 }]
    // What a kernel tells of clock, heat and counters differs by machine.
    let conditions = try #require(profile["conditions"] as? [String: Any])
    #expect(conditions["doubts"] is [String])
    profile["conditions"] = "#"
    profile["counters"] = nil
    profile["instruction_set"] = "#"
    let peak = try #require(profile["peak"] as? [String: Any])
    profile["peak"] = peak.merging(["instruction_set": "#"]) { $1 }
    let json = String(decoding: try JSONSerialization.data(withJSONObject: profile), as: UTF8.self)
    try expectSnapshot(try shape(of: json), "profile.json")
  }

  @Test("the published schema of a profile has its keys, no more and no fewer")
  func profileSchema() throws {
    let schema = try object(Roadseg.run(["profile", "--schema"]).output)
    let properties = try #require(schema["properties"] as? [String: Any])
    let required = try #require(schema["required"] as? [String])
    let result = try Roadseg.run([
      "profile", "--model", Roadseg.model, "--frames", "1", "--frame-size", "128x96", "--warm-up", "0", "--json",
      "--budget-ms", "1000",
    ])
    let keys = Set(try object(result.output).keys)
    #expect(keys.isSuperset(of: required))
    #expect(keys.isSubset(of: properties.keys))
  }

  @Test("a profile kept as a baseline is compared with the next, and reports are written whole")
  func profileReports() throws {
    try withFolder { folder in
      let arguments = [
        "profile", "--model", Roadseg.model, "--frames", "6", "--frame-size", "128x96", "--warm-up", "0", "--baseline",
        "\(folder)/kept.json", "--html", "\(folder)/report.html", "--csv", "\(folder)/layers.csv",
      ]
      #expect(try Roadseg.run(arguments).status == 0)
      #expect(Set(files(below: folder)) == ["kept.json", "report.html", "layers.csv"])
      let compared = try Roadseg.run(arguments)
      // 3: the machine that runs the tests is seldom quiet.
      #expect([0, 1, 3].contains(compared.status))
      #expect(compared.output.contains("whole frame"))
      let alone = try Roadseg.run(["profile", "--compare", "\(folder)/kept.json", "\(folder)/kept.json"])
      #expect([0, 3].contains(alone.status))
      let wrong = try Roadseg.run(["profile", "--compare", "\(folder)/kept.json", "\(folder)/layers.csv"])
      #expect(wrong.status == 1)
      #expect(wrong.errorLines.count == 1, "\(wrong.errors)")
    }
  }

  @Test("cold start tells its parts, which add up to less than the whole and more than nothing")
  func coldStart() throws {
    let result = try Roadseg.run([
      "profile", "--model", Roadseg.model, "--frame-size", "128x96", "--cold-start", "--json",
    ])
    let start = try object(result.output)
    for part in ["process", "model_load", "planning", "first_frame", "total"] {
      let times = try #require(start[part] as? [String: Any])
      #expect((times["median"] as? Double ?? 0) > 0, "\(part)")
    }
  }

  @Test("cameras lists what is there, which may be nothing")
  func cameras() throws {
    let result = try Roadseg.run(["cameras", "--json"])
    #expect(result.status == 0)
    let listing = try object(result.output)
    // What every object is about, and the listing.
    let about: Set = [
      "source", "synthetic", "model", "model_sha256", "version", "instruction_set", "time", "monotonic_seconds",
    ]
    #expect(Set(listing.keys) == about.union(["cameras", "problems"]))
    #expect(listing["cameras"] is [Any] && listing["problems"] is [Any])
    #expect(try Roadseg.run(["cameras"]).status == 0)
  }
}
