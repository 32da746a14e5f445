import RoadBase
import RoadEngine
import RoadKernelContract
import RoadModel
import RoadTestSupport
import Testing

@Suite struct SaturationTests {
  private static func engine(_ seed: UInt64, _ options: EngineOptions) throws -> (Engine, ModelGraph) {
    let model = QuantizedGraph.random(height: 40, width: 36, seed: seed)
    let engine = try Engine(model: model, options: options)
    var random = SplitMix(state: seed)
    for y in 0..<engine.inputSize.height {
      for x in 0..<engine.inputSize.width {
        for channel in 0..<3 { engine.input.pixel(y, x)[channel] = UInt8(random.integer(0...255)) }
      }
    }
    return (engine, model)
  }

  /// Which steps' tensors are counted, by the documentation: at most eight, evenly spaced, not the scores.
  private static func chosen(of steps: Int) -> Set<Int> {
    let candidates = steps - 1
    return candidates <= 8 ? Set(0..<candidates) : Set((0..<8).map { $0 * (candidates - 1) / 7 })
  }

  @Test("counted are the ends of the range in every fourth row, fused or not", arguments: 0..<6 as Range<UInt64>)
  func counts(seed: UInt64) throws {
    for fuses in [true, false] {
      let (engine, model) = try Self.engine(seed, EngineOptions(fusesLayers: fuses))
      var steps: [(values: Int, ends: Int)] = []
      engine.run { name, view in
        let producer = model.nodes.first { $0.outputs.contains(name) && $0.operation == "QuantizeLinear" }
        let zero = producer.flatMap { model.initializers[$0.inputs[2]]?.bytes.first } ?? 0
        var step = (values: 0, ends: 0)
        for y in stride(from: 0, to: view.height, by: 4) {
          for x in 0..<view.width {
            for c in 0..<view.channels {
              let byte = view.pixel(y, x)[c]
              step.values += 1
              if byte == 255 || byte == 0 && zero > 0 { step.ends += 1 }
            }
          }
        }
        steps.append(step)
      }
      let wanted = Self.chosen(of: steps.count).map { steps[$0] }
      engine.countsSaturation = true
      engine.run()
      #expect(engine.saturation.values == wanted.reduce(0) { $0 + $1.values })
      #expect(engine.saturation.atEnds == wanted.reduce(0) { $0 + $1.ends })
      #expect(engine.saturation.values > 0)
    }
  }

  @Test("the scores stay the same, and what was counted stays until the next count")
  func scores() throws {
    let (engine, _) = try Self.engine(4, EngineOptions(threads: 2))
    func scores() -> [UInt8] {
      (0..<engine.scores.height * engine.scores.width).flatMap { place in
        let pixel = engine.scores.pixel(place / engine.scores.width, place % engine.scores.width)
        return (0..<engine.scores.channels).map { pixel[$0] }
      }
    }
    engine.run()
    let before = scores()
    #expect(engine.saturation == Saturation() && engine.saturation.share == nil)
    engine.countsSaturation = true
    engine.run()
    #expect(scores() == before)
    let counted = engine.saturation
    engine.countsSaturation = false
    engine.run()
    #expect(scores() == before && engine.saturation == counted)
  }
}
