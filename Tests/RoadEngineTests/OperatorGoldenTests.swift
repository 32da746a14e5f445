import RoadEngine
import RoadKernels
import RoadModel
import RoadTestSupport
import Testing

/// Every operator, over every attribute that changes its result, against ONNX Runtime:
/// `Goldens/make_operator_goldens.py`.
///
/// What the operator reads is the same to the byte, so a difference is its own: at most one step, and in few bytes
/// (ties go up here and to even there).
@Suite struct OperatorGoldenTests {
  @Test("an operator is within one step of ONNX Runtime", arguments: try goldens.cases())
  func oneOperator(name: String) throws {
    let (bytes, expected) = try run(name)
    try #require(bytes.count == expected.count)
    let differences = zip(bytes, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 9 <= Self.steps(name), "differs by \(differences.max() ?? 0)")
    let count = differences.filter { $0 > 0 }.count
    let allowed = max(Int(Self.share(name) * Double(differences.count)), 1)
    #expect(count <= allowed, "\(count) of \(differences.count) bytes differ")
  }

  @Test("any threads, plan and instruction set give the same bytes", arguments: try goldens.cases())
  func sameBytes(name: String) throws {
    let expected = try run(name).bytes
    for set in InstructionSet.available {
      for (threads, fuses) in [(1, false), (3, true)] {
        let options = EngineOptions(threads: threads, instructionSet: set, fusesLayers: fuses)
        #expect(try run(name, options).bytes == expected, "\(set.rawValue), \(threads) threads")
      }
    }
  }

  /// A gate is five operators, of which the third may pass a step on.
  private static func steps(_ name: String) -> Int { name == "gate" ? 2 : 1 }

  /// Halves are where the two roundings part, and these operators make many: sums of two numbers of one scale, means of
  /// four, weights of a half. A map that is added is itself rounded to bytes. A bias that is a real number makes none.
  private static func share(_ name: String) -> Double {
    if name.hasPrefix("pair-add") { return 0.25 }
    if name.hasPrefix("average-pool") { return 0.15 }
    if name.hasPrefix("rest") { return 0 }
    if name.hasPrefix("unrounded") { return 0.002 }
    return name == "gate" || name.hasPrefix("grid-sample") ? 0.05 : 0.03
  }

  private static let goldens = GoldenFolder("operators")

  private func run(
    _ name: String, _ options: EngineOptions = EngineOptions()
  ) throws -> (bytes: [UInt8], expected: [UInt8]) {
    let engine = try Engine(model: try ONNXReader.read(path: Self.goldens.model(name)), options: options)
    try engine.fill(Self.goldens.input(name))
    engine.run()
    return (engine.scoreBytes, try Self.goldens.expected(name))
  }
}
