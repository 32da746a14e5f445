import RoadEngine
import RoadKernels
import RoadModel
import RoadTestSupport
import Testing

/// Against ONNX Runtime, on networks that its own quantizer made: `Goldens/make_engine_goldens.py`.
///
/// ONNX Runtime requantizes with a Float32 product, ties to even; ours is the integer law of `Requantization`. One
/// operator differs by at most one step; through a whole network steps may add up, so there the winning class is what
/// counts.
@Suite struct GoldenTests {
  @Test(
    "one operator is within one step of ONNX Runtime",
    arguments: [
      "conv3x3-stride2", "conv5x3-dilated", "conv-same-lower", "conv1x1-clip", "depthwise-stride2", "grouped",
      "resize-half-pixel", "resize-align-corners", "resize-asymmetric", "resize-nearest", "table-per-channel",
    ])
  func oneOperator(name: String) throws {
    let (bytes, expected) = try run(name)
    let differences = zip(bytes, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() == 0 || differences.max() == 1)
    // Halves round up here and to even or down there; nothing else may differ.
    let share = Double(differences.filter { $0 > 0 }.count) / Double(differences.count)
    #expect(share < (name.hasPrefix("resize") ? 0.1 : 0.02), "\(share) of the bytes differ")
  }

  @Test("an addition of two convolutions is within two steps")
  func addition() throws {
    let (bytes, expected) = try run("add")
    let differences = zip(bytes, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 9 <= 2)
    #expect(Double(differences.filter { $0 > 0 }.count) < 0.1 * Double(differences.count))
  }

  @Test("whole networks give the same classes", arguments: ["whole-uint8", "whole-int8", "whole-per-tensor"])
  func wholeNetwork(name: String) throws {
    let (bytes, expected) = try run(name)
    let differences = zip(bytes, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 99 <= 7)
    let (ours, theirs) = (winners(bytes, classes: 7), winners(expected, classes: 7))
    let equal = zip(ours, theirs).filter { !$0.isDisjoint(with: $1) }.count
    #expect(Double(equal) >= 0.98 * Double(ours.count), "\(equal) of \(ours.count) cells")
  }

  /// Networks that `Calibration/training` quantized and trained on in its own model of the integer arithmetic
  /// (`Goldens/make_trained_goldens.py`): not a byte may differ.
  @Test(
    "fine-tuned networks give the bytes that training computed",
    arguments: ["trained-branches", "trained-pyramid", "trained-steep"])
  func trainedNetwork(name: String) throws {
    let (bytes, expected) = try run(name)
    #expect(bytes == expected)
  }

  private func run(_ name: String) throws -> (bytes: [UInt8], expected: [UInt8]) {
    let engine = try Engine(model: try ONNXReader.read(path: goldens.model(name)))
    try engine.fill(goldens.input(name))
    engine.run()
    let expected = try goldens.expected(name)
    try #require(expected.count == engine.scoreBytes.count)
    return (engine.scoreBytes, expected)
  }

  private let goldens = GoldenFolder()

  /// The classes with the highest score of each cell: bytes tie often.
  private func winners(_ scores: [UInt8], classes: Int) -> [Set<Int>] {
    stride(from: 0, to: scores.count, by: classes).map { start in
      let cell = scores[start..<start + classes]
      return Set((0..<classes).filter { cell[start + $0] == cell.max() })
    }
  }
}
