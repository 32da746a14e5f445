import RoadBase
import RoadModel
import RoadQuantizer
import Testing

@Suite("Observers")
struct ObserverTests {
  private func histogram(_ values: [Float]) -> ActivationHistogram {
    var histogram = ActivationHistogram()
    histogram.add(values)
    return histogram
  }

  /// 100 000 values spread evenly over 0...1 and one outlier.
  private var withOutlier: ActivationHistogram { histogram((0..<100_000).map { Float($0) / 100_000 } + [50]) }

  @Test("extremes keep the outlier, percentile leaves it out, least squares trades its error against rounding")
  func outlier() {
    #expect(abs(withOutlier.quantization(.minMax).scale - 50 / 255) < 1e-5)
    #expect(withOutlier.quantization(.percentile(0.9999)).scale < 1.1 / 255)
    // Clipping at c costs (50 − c)², steps of c/255 cost 100 000·(c/255)²/12: least at c ≈ 44.
    #expect((40...46).contains(withOutlier.quantization(.meanSquaredError).scale * 255))
  }

  /// Of 2048 bins between 0 and 50 the 41 that hold anything fit into the levels of any range; only those that leave
  /// out none of them lose nothing.
  @Test("entropy keeps every level that carries something, and clips where the levels would not tell values apart")
  func entropy() {
    #expect(withOutlier.quantization(.entropy).scale * 255 >= 1)
    // A bell of width 1 with a long, thin tail: the whole range gives the bell a tenth of the levels.
    let bell = (0..<200_000).map { index -> Float in
      let even = Float(index % 1000) / 500 - 1
      return even * even * even
    }
    let tail = (0..<20).map { 1 + Float($0) / 2 }
    let range = histogram(bell + tail).quantization(.entropy).scale * 255
    #expect(range < histogram(bell + tail).quantization(.minMax).scale * 255 * 0.6, "\(range)")
  }

  @Test(
    "zero is always a byte", arguments: [ActivationObserver.minMax, .percentile(0.999), .meanSquaredError, .entropy])
  func zero(observer: ActivationObserver) {
    for values: [Float] in [[3, 4, 5], [-7, -6], [-1, 0, 2], [0, 0], [], [.nan, .infinity, 1]] {
      let quantization = histogram(values).quantization(observer)
      #expect(quantization.dequantize(quantization.zeroPoint) == 0)
      #expect(quantization.scale > 0 && quantization.scale.isFinite)
    }
    #expect(histogram([3, 4, 5]).quantization(observer).zeroPoint == 0)
    #expect(histogram([-7, -6]).quantization(observer).zeroPoint == 255)
  }

  @Test("SHA-256 of FIPS 180-4's examples")
  func digests() {
    #expect(
      CalibrationManifest.digest(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(CalibrationManifest.digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    let two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    #expect(
      CalibrationManifest.digest(Array(two.utf8)) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    let million = [UInt8](repeating: 97, count: 1_000_000)
    #expect(CalibrationManifest.digest(million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("a manifest survives the model file and finds pictures that were seen")
  func manifest() throws {
    var manifest = CalibrationManifest()
    manifest.add(file: "/somewhere/a \"quoted\" picture.jpg", bytes: [1, 2, 3])
    manifest.add(file: "b.jpg", bytes: [4])
    var graph = try SmallNetwork.float()
    graph.metadata[CalibrationManifest.metadataKey] = manifest.json
    let read = try ONNXReader.read(bytes: ONNXWriter.write(graph))
    #expect(try CalibrationManifest(of: read) == manifest)
    #expect(manifest.pictures[0].name == "a \"quoted\" picture.jpg")
    #expect(manifest.overlap(with: [CalibrationManifest.digest([4])]).map(\.name) == ["b.jpg"])
    graph.metadata[CalibrationManifest.metadataKey] = "not JSON"
    #expect(throws: RoadError.self) { _ = try CalibrationManifest(of: graph) }
  }
}
