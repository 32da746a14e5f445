import RoadBase
import RoadEngine
import RoadModel
import RoadQuantizer
import RoadTestSupport
import Testing

@Suite("16-bit activations") struct WideActivationsTests {
  private func type(_ tensor: String, _ graph: ModelGraph) -> ElementType? {
    graph.initializers["\(tensor)_zero_point"]?.elementType
  }

  @Test("a named node's result, and what shares its scale, has 257 times finer steps over the same range")
  func named() throws {
    let bytes = try SmallNetwork.quantized(QuantizerOptions(wide: .none))
    #expect(bytes.wideActivations.isEmpty)
    let wide = try SmallNetwork.quantized(QuantizerOptions(wide: .named(["stem", "norm"])))
    try #require(wide.wideActivations.count >= 2)
    for tensor in wide.wideActivations {
      let (fine, coarse) = (
        wide.initializers["\(tensor)_scale"]?.floats[0], bytes.initializers["\(tensor)_scale"]?.floats[0]
      )
      #expect(fine == coarse.map { $0 / 257 })
      let zero = try #require(bytes.initializers["\(tensor)_zero_point"]?.integers?[0])
      #expect(wide.initializers["\(tensor)_zero_point"]?.integers?[0] == 257 * zero)
    }
    #expect(type("norm", wide) == .uint16 && type("logits", wide) == .uint8)
    _ = try Engine(model: wide)
    // Before operator set 21 the file has them in ONNX Runtime's domain; reading takes it back.
    let written = try ONNXReader.read(bytes: ONNXWriter.write(wide))
    #expect(written.wideActivations == wide.wideActivations && written.nodes.allSatisfy { $0.domain.isEmpty })
  }

  @Test("a name that is none is refused")
  func unknown() {
    let error = thrown(RoadError.self) {
      try SmallNetwork.quantized(QuantizerOptions(wide: .named(["no such layer"])))
    }
    #expect(error?.cause.contains("'no such layer'") == true)
  }

  @Test("all but the scores in 16 bits leaves only the weights' noise")
  func everything() throws {
    let float = try SmallNetwork.float()
    func noise(_ graph: ModelGraph, isWide: Bool) throws -> Double {
      let reports = try LayerReport.compare(float: float, quantized: graph, pictures: [SmallNetwork.picture(50)])
      #expect(reports.contains { $0.bits == 16 } == isWide)
      return try #require(reports.last { $0.name == float.outputs[0].name }).signalToNoise
    }
    let calibrated = try Quantizer(float).calibrate(count: 8) { SmallNetwork.picture($0) }
    let bytes = try noise(SmallNetwork.quantized(QuantizerOptions(wide: .none)), isWide: false)
    #expect(try noise(calibrated.widened { _ in false }, isWide: true) > bytes + 1)
  }

  @Test("a search that is content changes nothing")
  func content() throws {
    let found = try SmallNetwork.quantized(QuantizerOptions(wide: .found(worst: 0.01, aim: 0.5)))
    let plain = try ONNXWriter.write(SmallNetwork.quantized(QuantizerOptions(wide: .none)))
    #expect(ONNXWriter.write(found) == plain)
  }

  @Test("widening stops at the fewest that are enough, those first that cost the scores most", arguments: [1, 2, 3])
  func widening(enough: Int) throws {
    let calibrated = try Quantizer(SmallNetwork.float()).calibrate(count: 8) { SmallNetwork.picture($0) }
    let first = try #require(calibrated.widened { _ in true }.wideActivations.first)
    var asked: [Int] = []
    let graph = try calibrated.widened {
      asked.append($0.wideActivations.count)
      return $0.wideActivations.count >= enough
    }
    #expect(graph.wideActivations.contains(first))
    #expect(graph.wideActivations.count == asked.filter { $0 >= enough }.min())
    #expect(Set(asked).count == asked.count, "the same network was asked about twice: \(asked)")
  }

  @Test("where nothing is enough, all but the scores have 16 bits")
  func hopeless() throws {
    let float = try SmallNetwork.float()
    let calibrated = try Quantizer(float).calibrate(count: 8) { SmallNetwork.picture($0) }
    let all = try calibrated.widened { _ in false }
    #expect(all.wideActivations.count >= 3 && !all.wideActivations.contains(float.outputs[0].name))
  }

  @Test("the search stops where more 16-bit activations bring nothing")
  func stops() throws {
    let calibrated = try Quantizer(SmallNetwork.float()).calibrate(count: 8) { SmallNetwork.picture($0) }
    let all = try calibrated.widened { _ in false }.wideActivations.count
    let found = try SmallNetwork.quantized(QuantizerOptions(wide: .found(worst: 1.1, aim: 1.1)))
    #expect(found.wideActivations.count < all)
  }
}
