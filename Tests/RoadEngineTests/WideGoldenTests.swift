import Foundation
import RoadBase
import RoadEngine
import RoadKernelContract
import RoadKernels
import RoadModel
import Testing

/// Layers that read or write 16-bit words, against ONNX Runtime: `Goldens/make_wide_goldens.py`. What the layer reads is the same to the bit or
/// within a word of it, so a difference is its own.
@Suite struct WideGoldenTests {
  @Test("a layer of words is within two words of ONNX Runtime, in most within one", arguments: try cases())
  func oneLayer(name: String) throws {
    let (integers, expected) = try run(name)
    try #require(integers.count == expected.count)
    let differences = zip(integers, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 9 <= 2, "differs by \(differences.max() ?? 0)")
    let few = differences.filter { $0 > 1 }.count
    #expect(few <= differences.count / 50, "\(few) of \(differences.count) differ by two")
  }

  @Test("any threads, plan and instruction set give the same words", arguments: try cases())
  func sameWords(name: String) throws {
    let expected = try run(name).integers
    for set in InstructionSet.available {
      for (threads, fuses) in [(1, false), (3, true)] {
        let options = EngineOptions(threads: threads, instructionSet: set, fusesLayers: fuses)
        #expect(try run(name, options).integers == expected, "\(set.rawValue), \(threads) threads")
      }
    }
  }

  private static func cases() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".onnx") }
      .map { String($0.dropLast(5)) }.sorted()
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
    path: "Goldens/wide")

  /// The integers of the last QuantizeLinear, HWC.
  private func run(
    _ name: String, _ options: EngineOptions = EngineOptions()
  ) throws -> (integers: [Int16], expected: [Int16]) {
    func file(_ kind: String) -> URL { Self.folder.appending(path: "\(name).\(kind)") }
    let graph = try ONNXReader.read(path: file("onnx").path)
    let last = try #require(graph.nodes.last { $0.operation == "QuantizeLinear" })
    let isWide = graph.initializers[last.inputs[2]]?.elementType != .uint8
    let engine = try Engine(model: graph, options: options)
    let pixels = try Array(Data(contentsOf: file("input")))
    try #require(pixels.count == engine.inputSize.pixels * 3)
    for position in 0..<engine.inputSize.pixels {
      let pixel = engine.input.pixel(position / engine.inputSize.width, position % engine.inputSize.width)
      for channel in 0..<3 { pixel[channel] = pixels[position * 3 + channel] }
    }
    var integers: [Int16] = []
    engine.run { name, view in
      if name == last.outputs[0] { integers = isWide ? view.words : view.bytes }
    }
    let expected = try Data(contentsOf: file("expected"))
    return (
      integers,
      stride(from: 0, to: expected.count, by: 2).map {
        Int16(bitPattern: UInt16(expected[$0]) | UInt16(expected[$0 + 1]) << 8)
      }
    )
  }
}

extension TensorView {
  /// Real channels, HWC.
  fileprivate var bytes: [Int16] {
    (0..<height).flatMap { y in (0..<width).flatMap { x in (0..<channels).map { Int16(pixel(y, x)[$0]) } } }
  }

  fileprivate var words: [Int16] {
    (0..<height).flatMap { y in
      (0..<width).flatMap { x in
        pixel(y, x).withMemoryRebound(to: Int16.self, capacity: channels) { words in (0..<channels).map { words[$0] } }
      }
    }
  }
}
