import RoadBase
import RoadEngine
import RoadKernelContract
import RoadKernels
import RoadModel
import RoadTestSupport
import Testing

/// Layers that read or write 16-bit words, against ONNX Runtime: `Goldens/make_wide_goldens.py`. What the layer reads
/// is the same to the bit or within a word of it, so a difference is its own.
@Suite struct WideGoldenTests {
  @Test("a layer of words is within two words of ONNX Runtime, in most within one", arguments: try goldens.cases())
  func oneLayer(name: String) throws {
    let (integers, expected) = try run(name)
    try #require(integers.count == expected.count)
    let differences = zip(integers, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 9 <= 2, "differs by \(differences.max() ?? 0)")
    let few = differences.filter { $0 > 1 }.count
    #expect(few <= differences.count / 50, "\(few) of \(differences.count) differ by two")
  }

  @Test("any threads, plan and instruction set give the same words", arguments: try goldens.cases())
  func sameWords(name: String) throws {
    let expected = try run(name).integers
    for set in InstructionSet.available {
      for (threads, fuses) in [(1, false), (3, true)] {
        let options = EngineOptions(threads: threads, instructionSet: set, fusesLayers: fuses)
        #expect(try run(name, options).integers == expected, "\(set.rawValue), \(threads) threads")
      }
    }
  }

  private static let goldens = GoldenFolder("wide")

  /// The integers of the last QuantizeLinear, HWC.
  private func run(
    _ name: String, _ options: EngineOptions = EngineOptions()
  ) throws -> (integers: [Int16], expected: [Int16]) {
    let graph = try ONNXReader.read(path: Self.goldens.model(name))
    let last = try #require(graph.nodes.last { $0.operation == "QuantizeLinear" })
    let isWide = graph.initializers[last.inputs[2]]?.elementType != .uint8
    let engine = try Engine(model: graph, options: options)
    try engine.fill(Self.goldens.input(name))
    var integers: [Int16] = []
    engine.run { name, view in
      if name == last.outputs[0] { integers = isWide ? view.words : view.bytes }
    }
    let expected = try Self.goldens.expected(name)
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
