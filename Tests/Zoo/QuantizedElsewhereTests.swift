import RoadBase
import RoadEngine
import RoadEvaluation
import RoadFrame
import RoadKernelContract
import RoadMask
import RoadModel
import RoadSegmentation
import Testing

/// Networks that ONNX Runtime or NNCF quantized, against the integers that ONNX Runtime computes in them.
@Suite("Quantized by others")
struct QuantizedElsewhereTests {
  @Test(.enabled(if: QuantizedElsewhere.named == nil, "other models than the committed ones were named"))
  func complete() {
    #expect(QuantizedElsewhere.names.count == 8)
  }

  /// Each layer is given ONNX Runtime's bytes, so that what it does itself is seen.
  @Test("every layer is within one of ONNX Runtime's integers", arguments: QuantizedElsewhere.names)
  func layers(name: String) throws {
    let network = try QuantizedElsewhere(name)
    let engine = try Engine(model: network.graph, options: EngineOptions(fusesLayers: false))
    try fill(engine, with: picture(0, size: engine.inputSize))
    var compared = 0
    try engine.run { value, bytes in
      guard let expected = network.layers[value] else { return }
      let (worst, share) = try difference(bytes, expected)
      let comment = "\(value) differs by \(worst), in \(share) of the bytes"
      if QuantizedElsewhere.named != nil, worst > 0 { print("\(name): \(comment)") }
      #expect(worst <= 1 && share < 0.002, "\(comment)")
      compared += 1
    }
    // Resizes and pools that keep their input's scale have no layer of their own in either.
    #expect(compared >= network.layers.count * 3 / 4, "\(compared) of \(network.layers.count) tensors compared")
  }

  @Test("the class maps agree", arguments: QuantizedElsewhere.names)
  func classes(name: String) throws {
    let network = try QuantizedElsewhere(name)
    let output = try #require(network.graph.outputs.first?.name)
    let count = try #require(try network.graph.inferTypes().types[output]).shape[1]
    let table = ClassTable(
      (0..<count).map { RoadClass(name: "class \($0)", colour: Colour(UInt8($0), 0, 0)) }, drivable: 0)
    let segmenter = try IntegerSegmenter(network.graph, name: name, classes: table, threads: 1)
    var found: [UInt8] = []
    for index in 0..<ZooNetwork.evaluationCount {
      let picture = try picture(index, size: segmenter.inputSize)
      let map = segmenter.classMap(of: picture, size: segmenter.inputSize)
      withExtendedLifetime(map) { found += map.bytes }
    }
    let equal = zip(found, network.classes).filter { $0 == $1 }.count
    let agreement = Double(equal) / Double(network.classes.count)
    #expect(agreement >= 0.995, "\(agreement)")
  }

  /// Every pixel of an evaluation picture or, at half its size, every second, as `scene.fit` of the recipe leaves them.
  private func picture(_ index: Int, size: PictureSize) throws -> Picture {
    let whole = try PictureFile.read(ZooNetwork.folder.appending(path: "Pictures/evaluation-\(index).png").path)
    let (fitted, step) = (Picture(size: size), whole.size.height / size.height)
    for y in 0..<size.height {
      for x in 0..<size.width {
        for channel in 0..<4 { fitted.row(y)[4 * x + channel] = whole.row(step * y)[4 * step * x + channel] }
      }
    }
    return fitted
  }

  private func fill(_ engine: Engine, with picture: Picture) throws {
    for y in 0..<picture.size.height {
      for index in 0..<4 * picture.size.width { engine.input.pixel(y, 0)[index] = picture.row(y)[index] }
    }
  }

  /// The largest difference of a tensor from ONNX Runtime's bytes, which then take its place, and how many of them
  /// differ.
  private func difference(_ bytes: TensorView, _ expected: [UInt8]) throws -> (worst: Int, share: Double) {
    try #require(expected.count == bytes.height * bytes.width * bytes.channels)
    var (worst, different) = (0, 0)
    for y in 0..<bytes.height {
      for x in 0..<bytes.width {
        let pixel = bytes.pixel(y, x)
        for channel in 0..<bytes.channels {
          let theirs = expected[(y * bytes.width + x) * bytes.channels + channel]
          worst = max(worst, abs(Int(pixel[channel]) - Int(theirs)))
          different += pixel[channel] == theirs ? 0 : 1
          pixel[channel] = theirs
        }
      }
    }
    return (worst, Double(different) / Double(expected.count))
  }
}
