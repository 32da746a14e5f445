import RoadEvaluation
import RoadModel
import RoadSegmentation
import Testing

/// Small but true instances of the field's networks, trained for a moment and exported by PyTorch: each follows ONNX
/// Runtime's float run. How they are made, and the figures of every export: `README.md` beside this file.
@Suite("Conformance zoo")
struct ConformanceZooTests {
  @Test("the whole field is there")
  func complete() {
    #expect(ZooNetwork.names.count == 24)
  }

  @Test("float arithmetic gives ONNX Runtime's classes", arguments: ZooNetwork.names)
  func float(name: String) throws {
    let network = try ZooNetwork(name)
    let segmenter = try FloatSegmenter(network.graph, name: name, classes: network.classes)
    let agreement = try network.agreement(of: segmenter)
    // Sums in another order decide a tie differently once in ten thousand pixels.
    #expect(agreement >= 0.9995, "\(name): \(agreement)")
  }

  @Test("one quantization and the integer engine keep the classes", arguments: ZooNetwork.names)
  func int8(name: String) throws {
    let network = try ZooNetwork(name)
    let segmenter = try IntegerSegmenter(network.quantized(), name: name, classes: network.classes, threads: 1)
    let agreement = try network.agreement(of: segmenter)
    #expect(agreement >= 0.97, "\(name): \(agreement)")
  }
}
