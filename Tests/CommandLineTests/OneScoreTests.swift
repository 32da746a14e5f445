import Foundation
import RoadBase
import RoadFrame
import RoadModel
import Testing

/// Models with one score a pixel, and models that leave the normalisation of their pictures to the caller.
@Suite("One score a pixel, and what a model expects of its pictures")
struct OneScoreTests {
  private static let size = PictureSize(width: 32, height: 8)

  /// A grey ramp: column x has the value 8 · x.
  private static func ramp(in folder: String) throws -> String {
    let values = (0..<size.pixels).map { UInt8(8 * ($0 % size.width)) }
    let path = "\(folder)/pictures/ramp.png"
    try FileManager.default.createDirectory(atPath: "\(folder)/pictures", withIntermediateDirectories: true)
    try values.withUnsafeBufferPointer {
      try FileOutput.write(PNG.grey(#require($0.baseAddress), size: size), to: path)
    }
    return path
  }

  /// `scale · (red + green + blue) + bias`, and nodes behind it.
  private static func write(_ path: String, scale: Float, bias: Float, behind nodes: [String], channels: Int = 1) throws
  {
    let weights = (0..<channels).flatMap { channel in (0..<3).map { _ in channel == 0 ? scale : -scale } }
    var graph = ModelGraph(
      inputs: [ValueInfo(name: "x", elementType: .float, shape: [1, 3, size.height, size.width])],
      outputs: [ValueInfo(name: "v0", elementType: .float, shape: [1, channels, size.height, size.width])],
      nodes: [Node(name: "conv", operation: "Conv", inputs: ["x", "w", "b"], outputs: ["v0"])],
      initializers: [
        "w": TensorData(floats: weights, shape: [channels, 3, 1, 1]),
        "b": TensorData(floats: (0..<channels).map { $0 == 0 ? bias : -bias }, shape: [channels]),
        "half": TensorData(floats: [0.5], shape: []),
      ])
    for (index, operation) in nodes.enumerated() {
      let inputs = ["v\(index)"] + (operation == "Greater" ? ["half"] : [])
      graph.nodes.append(Node(name: operation, operation: operation, inputs: inputs, outputs: ["v\(index + 1)"]))
    }
    graph.outputs[0].name = "v\(nodes.count)"
    if nodes.last == "Greater" { graph.outputs[0].elementType = .bool }
    try FileOutput.write(ONNXWriter.write(graph), to: path)
  }

  private func classes(_ path: String) throws -> [UInt8] { try PNG.labels(path: path).values.map { $0 } }

  /// Columns above grey 120 are found: by their logit, their sigmoid, and where the graph itself compares.
  @Test(arguments: [[], ["Sigmoid"], ["Sigmoid", "Greater"]], ["", "road", "background,road", "road,rest"])
  func isAThreshold(behind: [String], names: String) throws {
    try withFolder { folder in
      let picture = try Self.ramp(in: folder)
      try Self.write("\(folder)/float.onnx", scale: 0.01, bias: -3.72, behind: behind)
      var arguments = ["--model", "\(folder)/float.onnx"]
      var table: [String] = []
      if !names.isEmpty {
        let rows = names.split(separator: ",").enumerated().map { "\($0.offset)\t\($0.element)\t1\t2\t3\n" }
        try Data(("index\tname\tr\tg\tb\n" + rows.joined()).utf8).write(to: URL(filePath: "\(folder)/table.tsv"))
        table = ["--classes", "\(folder)/table.tsv"]
      }
      let quantize = try Roadseg.run(
        ["quantize", "\(folder)/float.onnx", "--calibration", "\(folder)/pictures", "--output", "\(folder)/int8.onnx"]
          + table)
      #expect(quantize.status == 0, "\(quantize.errors)")
      let run = try Roadseg.run([
        "run", picture, "--model", "\(folder)/int8.onnx", "--output", "\(folder)/o", "--json",
      ])
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let road = try classes("\(folder)/o/road/ramp.png")
      // 3 · 0.01 · 8 · 15 is 3.6, of the next column 3.84.
      #expect(road.prefix(Self.size.width).map { $0 } == (0..<32).map { $0 > 15 ? 255 : 0 })
      let isFirst = names.hasPrefix("road")
      let map = try classes("\(folder)/o/classes/ramp.png")
      #expect(map == road.map { ($0 == 255) == isFirst ? 0 : 1 })
      // The float model sees the same, and so does a labelled evaluation.
      arguments += ["--images", "\(folder)/pictures", "--labels", "\(folder)/o/classes", "--json"] + table
      let evaluate = try Roadseg.run(["evaluate"] + arguments)
      #expect(evaluate.status == 0, "\(evaluate.errors)")
      #expect(evaluate.output.contains("\"miou\":1,") && evaluate.output.contains("\"road_iou\":1"))
      let live = try Roadseg.run(["live", picture, "--model", "\(folder)/int8.onnx"])
      #expect(live.status == 0, "\(live.errors)")
    }
  }

  @Test("a class table that does not fit is refused before anything is calibrated")
  func wrongTable() throws {
    try withFolder { folder in
      _ = try Self.ramp(in: folder)
      let rows = (0..<3).map { "\($0)\tc\($0)\t1\t2\t3\n" }
      try Data(("index\tname\tr\tg\tb\n" + rows.joined()).utf8).write(to: URL(filePath: "\(folder)/table.tsv"))
      for channels in [1, 2] {
        try Self.write("\(folder)/float.onnx", scale: 0.01, bias: -3.72, behind: [], channels: channels)
        let result = try Roadseg.run([
          "quantize", "\(folder)/float.onnx", "--calibration", "\(folder)/pictures", "--output",
          "\(folder)/int8.onnx", "--classes", "\(folder)/table.tsv",
        ])
        #expect(result.status == 1)
        #expect(result.errorLines.count == 1 && result.errors.contains("a class table of 3"), "\(result.errors)")
        #expect(!files(below: folder).contains("int8.onnx"))
      }
    }
  }

  /// A model that was trained on normalised pictures: the same file, whichever way its numbers are written.
  @Test func numbersOfEitherRangeMakeTheSameModel() throws {
    try withFolder { folder in
      let picture = try Self.ramp(in: folder)
      try Self.write("\(folder)/float.onnx", scale: 1, bias: 0, behind: [])
      func quantize(_ name: String, _ options: [String]) throws -> Roadseg {
        try Roadseg.run(
          [
            "quantize", "\(folder)/float.onnx", "--calibration", "\(folder)/pictures", "--output",
            "\(folder)/\(name).onnx",
          ]
            + options)
      }
      let unit = try quantize("unit", ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"])
      let bytes = try quantize("bytes", ["--mean", "123.675,116.28,103.53", "--std", "58.395,57.12,57.375"])
      #expect(unit.status == 0 && bytes.status == 0, "\(unit.errors)\(bytes.errors)")
      #expect(unit.errors == "roadseg: --mean and --std are taken for pixels of 0...1\n")
      #expect(bytes.errors == "roadseg: --mean and --std are taken for pixels of 0...255\n")
      let files = FileManager.default
      #expect(files.contentsEqual(atPath: "\(folder)/unit.onnx", andPath: "\(folder)/bytes.onnx"))
      for options in [["--mean", "0.485", "--std", "58.4"], ["--mean", "123", "--std", "0.2"], ["--mean", "1"]] {
        let refused = try quantize("refused", options)
        #expect(refused.status == 64 && !files.fileExists(atPath: "\(folder)/refused.onnx"))
      }
      let twice = try Roadseg.run([
        "run", picture, "--model", "\(folder)/unit.onnx", "--output", "\(folder)/o", "--value-range", "-1..1",
      ])
      #expect(twice.status == 1 && twice.errors.contains("roadseg put this into the model already"), "\(twice.errors)")
    }
  }
}
