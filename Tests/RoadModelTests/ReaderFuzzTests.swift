import Foundation
import RoadBase
import RoadModel
import RoadTestSupport
import Testing

/// Damaged models: whatever the bytes, the outcome is a `RoadError` or a graph that every pass survives. A crash of the
/// test process is the failure.
@Suite("Reader fuzz")
struct ReaderFuzzTests {
  @Test("truncation at every byte", arguments: ["shapes-17.onnx", "layouts.onnx"])
  func truncations(name: String) throws {
    let bytes = try Models.golden(name)
    var refused = 0
    for length in 0..<bytes.count where !survives(Array(bytes[..<length])) { refused += 1 }
    #expect(refused > bytes.count * 9 / 10)
  }

  @Test("structured mutations", arguments: 0..<4)
  func mutations(seed: Int) throws {
    let seeds = try ["shapes-11.onnx", "shapes-17.onnx", "layouts.onnx"].map { try Models.golden($0) }
    var random = SplitMix(state: UInt64(seed) &* 0x9E37 &+ 1)
    var accepted = 0
    let rounds = Self.rounds(5_000)
    for _ in 0..<rounds {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&bytes, &random) }
      if survives(bytes) { accepted += 1 }
    }
    // Both outcomes happen, or the mutations are too tame or too wild to test anything.
    #expect(accepted > rounds / 100 && accepted < rounds * 9 / 10, "\(accepted) of \(rounds) accepted")
  }

  @Test("mutated nodes: attributes, inputs and constants of every kind", arguments: 0..<4)
  func graphMutations(seed: Int) throws {
    let seeds = try ["shapes-11.onnx", "shapes-17.onnx", "layouts.onnx"].map {
      try ONNXReader.read(bytes: Models.golden($0))
    }
    var random = SplitMix(state: UInt64(seed) &+ 77)
    for _ in 0..<Self.rounds(2_000) {
      var graph = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&graph, &random) }
      _ = survives(ONNXWriter.write(graph))
    }
  }

  @Test("mutated fields: tags, lengths, numbers, and whole messages moved, doubled and dropped", arguments: 0..<4)
  func fieldMutations(seed: Int) throws {
    let seeds = try ["shapes-11.onnx", "shapes-17.onnx", "layouts.onnx", "control-flow.onnx"].map {
      try Models.golden($0)
    }
    var random = SplitMix(state: UInt64(seed) &+ 1_234)
    var accepted = 0
    let rounds = Self.rounds(2_000)
    for _ in 0..<rounds {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0..<Int.random(in: 1...3, using: &random) { FieldMutation.mutate(&bytes, &random) }
      if survives(bytes) { accepted += 1 }
    }
    #expect(accepted > rounds / 100 && accepted < rounds * 99 / 100, "\(accepted) of \(rounds) accepted")
  }

  /// How often a test that usually runs `usual` times runs: `Tests/fuzz-reader` asks for more of all in proportion.
  private static func rounds(_ usual: Int) -> Int {
    let factor = ProcessInfo.processInfo.environment["ROADSEG_FUZZ_FACTOR"].flatMap(Int.init) ?? 1
    return usual * max(1, factor)
  }

  /// Whether the model was accepted; every pass runs over an accepted one.
  private func survives(_ bytes: [UInt8]) -> Bool {
    guard let graph = try? ONNXReader.read(bytes: bytes) else { return false }
    if let simple = try? graph.simplified(inputSize: nil) { _ = try? simple.inferTypes() }
    _ = ONNXWriter.write(graph)
    return true
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let position = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
    case 3: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...16, using: &random)))
    case 4: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 16)], at: position)
    case 5: bytes.removeSubrange(position...)
    default:
      let from = Int.random(in: 0..<bytes.count, using: &random)
      for index in 0..<min(8, bytes.count - max(position, from)) { bytes[position + index] = bytes[from + index] }
    }
    if bytes.isEmpty { bytes = [0] }
  }

  private func mutate(_ graph: inout ModelGraph, _ random: inout SplitMix) {
    let numbers = [0, 1, -1, 2, 3, 7, 64, -64, 65_536, 1 << 24, 1 << 31, .max, .min]
    func number() -> Int { numbers.randomElement(using: &random) ?? 0 }
    let position = Int.random(in: 0..<graph.nodes.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0:
      guard let key = graph.nodes[position].attributes.keys.sorted().randomElement(using: &random) else { return }
      graph.nodes[position].attributes[key] = .integers(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in number() })
    case 1:
      guard case .integers(var list)? = graph.nodes[position].attributes["pads"], !list.isEmpty else { return }
      list[Int.random(in: 0..<list.count, using: &random)] = number()
      graph.nodes[position].attributes["pads"] = .integers(list)
    case 2:
      guard case .tensor(let tensor)? = graph.nodes[position].attributes["value"], let old = tensor.integers else {
        return
      }
      graph.nodes[position].attributes["value"] = .tensor(
        TensorData(integers: old.map { _ in number() }, shape: tensor.shape))
    case 3:
      let names = graph.nodes[..<position].flatMap(\.outputs) + ["image"] + graph.initializers.keys.sorted()
      guard !graph.nodes[position].inputs.isEmpty else { return }
      let input = Int.random(in: 0..<graph.nodes[position].inputs.count, using: &random)
      graph.nodes[position].inputs[input] = names.randomElement(using: &random) ?? ""
    case 4: graph.nodes[position].operation = ModelGraph.knownOperators.randomElement(using: &random) ?? ""
    default:
      let axis = Int.random(in: 0..<4, using: &random)
      graph.inputs[0].shape[axis] = [1, 2, 3, 17, 1 << 20].randomElement(using: &random)
    }
  }
}
