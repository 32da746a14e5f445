import Foundation
import RoadBase
import RoadModel
import Testing

/// The models that the tests read.
enum Models {
  static func golden(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
    return Array(try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The trained float ContextNet beside the checkout (or under ROADSEG_SHARED); nil where that folder is absent.
  static var contextNet: String? {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../shared")
    let shared = ProcessInfo.processInfo.environment["ROADSEG_SHARED"] ?? root.standardized.path
    let path = shared + "/models/contextnet14-driving7-360x480.onnx"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// image → Relu → out, valid as it stands; tests break one thing of it.
  static func tiny() -> ModelGraph {
    ModelGraph(
      name: "tiny", opset: 17, inputs: [ValueInfo(name: "image", elementType: .float, shape: [1, 3, 4, 4])],
      outputs: [ValueInfo(name: "out", elementType: .float, shape: [1, 2, 4, 4])],
      nodes: [
        Node(
          name: "conv", operation: "Conv", inputs: ["image", "w"], outputs: ["c"],
          attributes: ["pads": .integers([1, 1, 1, 1]), "group": .integer(1)]),
        Node(name: "relu", operation: "Relu", inputs: ["c"], outputs: ["out"]),
      ],
      initializers: ["w": TensorData(floats: (0..<54).map(Float.init), shape: [2, 3, 3, 3])],
      metadata: ["classes": "a,b"])
  }
}
