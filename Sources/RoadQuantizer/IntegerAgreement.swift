import Foundation
import RoadBase
import RoadEngine
import RoadFloat
import RoadKernelContract
import RoadMask
import RoadModel

/// The classes that a quantized network gives pixels when integers compute it: what its users will see, and a small
/// part of the time that the float executor takes to imitate them.
struct IntegerAgreement {
  private let engine: Engine
  private let upsampler: ClassUpsampler
  private let view: ScoreView
  private let map: ClassMap

  /// - Parameters:
  ///   - graph: a quantized network.
  ///   - scores: shape of the float network's, 1 x classes x H x W; the class map is made at that size.
  ///   - level: of a single score: classes are 1 above it and 0 elsewhere.
  /// - Returns: nil where the engine does not run the network, or its scores are of other classes: whoever quantizes is
  ///   told why elsewhere.
  init?(_ graph: ModelGraph, scores shape: [Int], level: Float) {
    let threads = min(ProcessInfo.processInfo.activeProcessorCount, 4)
    guard shape.count == 4, shape[0] == 1,
      let engine = try? Engine(model: graph, options: EngineOptions(threads: threads))
    else { return nil }
    let scores = engine.scores
    guard scores.channels == shape[1] else { return nil }
    self.engine = engine
    let size = PictureSize(width: shape[3], height: shape[2])
    upsampler = ClassUpsampler(
      scoreSize: PictureSize(width: scores.width, height: scores.height), classes: scores.channels, pictureSize: size,
      threshold: scores.channels == 1 ? .init(above: 1, below: 0, steps: engine.scoreSteps(of: level)) : nil)
    view = ScoreView(
      base: UnsafePointer(scores.base), width: scores.width, height: scores.height, classes: scores.channels,
      pixelPitch: scores.pixelPitch, rowPitch: scores.rowPitch, lowOffset: engine.scoresLowOffset ?? 0)
    map = ClassMap(size: size)
  }

  /// The class of each pixel, row by row; nil for a picture that is not of bytes.
  ///
  /// - Parameter picture: 1, 3, H, W; the network's input.
  func classes(of picture: FloatTensor) -> [UInt8]? {
    let (width, height) = (engine.inputSize.width, engine.inputSize.height)
    guard picture.shape == [1, 3, height, width],
      picture.values.allSatisfy({ $0 >= 0 && $0 <= 255 && $0.rounded() == $0 })
    else { return nil }
    for y in 0..<height {
      for x in 0..<width {
        let pixel = engine.input.pixel(y, x)
        for channel in 0..<3 { pixel[channel] = UInt8(picture.values[(channel * height + y) * width + x]) }
      }
    }
    engine.run()
    upsampler.run(view, into: map, rows: 0..<map.size.height)
    return Array(map.bytes)
  }
}
