import Foundation
import RoadBase
import RoadFloat
import RoadModel
import RoadQuantizer

/// The network of `make_goldens.py` and pictures for it.
enum SmallNetwork {
  static let goldens = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens")
  static let shape = [1, 3, 17, 25]

  static func float() throws -> ModelGraph {
    try ONNXReader.read(path: goldens.appending(path: "float.onnx").path).simplified()
  }

  /// Smooth random pictures, 0...255, one each seed.
  static func picture(_ seed: Int) -> FloatTensor {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 12345
    var values: [Float] = []
    for index in 0..<3 * 17 * 25 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let noise = Float(state >> 40) / Float(1 << 24)
      values.append((noise * 100 + 155 * Float((index + seed * 37) % 425) / 425).rounded())
    }
    return FloatTensor(shape: shape, values: values)
  }

  static func quantized(_ options: QuantizerOptions = QuantizerOptions()) throws -> ModelGraph {
    try Quantizer(float(), options: options).quantize(count: 8) { picture($0) }
  }
}
