import RoadBase
import RoadEngine
import RoadKernels
import RoadModel
import Testing

/// The promise to users: the scores depend on the model and the pixels alone.
@Suite struct SameBytesTests {
  @Test(
    "every instruction set, thread count and fusion gives the bytes of the reference",
    arguments: 0..<12 as Range<UInt64>)
  func sameBytes(seed: UInt64) throws {
    let model = QuantizedGraph.random(height: 37 + Int(seed), width: 51 - Int(seed), seed: seed)
    let law = try scores(
      model, EngineOptions(threads: 1, instructionSet: .reference, fusesLayers: false), seed: seed)
    #expect(Set(law).count > 8, "scores without variety prove nothing")
    for set in InstructionSet.available {
      for threads in 1...3 {
        for fuses in [true, false] {
          let options = EngineOptions(threads: threads, instructionSet: set, fusesLayers: fuses)
          let bytes = try scores(model, options, seed: seed)
          #expect(bytes == law, "\(set.rawValue) on \(threads) threads, \(fuses ? "" : "not ")fused")
        }
      }
    }
  }

  @Test("a second frame does not remember the first")
  func framesAreIndependent() throws {
    let model = QuantizedGraph.random(height: 40, width: 40, seed: 5)
    let engine = try Engine(model: model, options: EngineOptions(threads: 2))
    engine.fillInput(seed: 1)
    engine.run()
    let first = engine.scoreBytes
    engine.fillInput(seed: 2)
    engine.run()
    #expect(engine.scoreBytes != first)
    engine.fillInput(seed: 1)
    engine.run()
    #expect(engine.scoreBytes == first)
  }

  private func scores(_ model: ModelGraph, _ options: EngineOptions, seed: UInt64) throws -> [UInt8] {
    let engine = try Engine(model: model, options: options)
    engine.fillInput(seed: seed)
    engine.run()
    return engine.scoreBytes
  }
}
