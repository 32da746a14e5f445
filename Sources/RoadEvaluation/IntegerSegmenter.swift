import RoadBase
import RoadEngine
import RoadFrame
import RoadMask
import RoadModel

/// The integer engine behind the scaler and in front of the upsampler: the arithmetic that users run.
public final class IntegerSegmenter: PictureSegmenter {
  public let arithmetic = "int8"
  public let classes: ClassTable
  public var inputSize: PictureSize { engine.inputSize }
  public let engine: Engine
  private var scaler: PictureScaler?
  private var upsampler: ClassUpsampler?

  /// - Parameter size: the network's input size; nil takes the model's own.
  public init(
    _ model: ModelGraph, name: String, classes: ClassTable?, size: PictureSize? = nil, threads: Int
  ) throws(RoadError) {
    engine = try Engine(model: model, options: EngineOptions(threads: threads, inputSize: size))
    self.classes = try Segmenters.classes(classes, of: model, name: name, count: engine.scores.channels)
  }

  public func classMap(of picture: Picture, size: PictureSize) -> ClassMap {
    let scaler = scaler(from: picture.size)
    scaler.scale(picture, into: engine.input.base, rowPitch: engine.input.rowPitch)
    engine.run()
    let map = ClassMap(size: size)
    let scores = engine.scores
    let view = ScoreView(
      base: scores.base, width: scores.width, height: scores.height, classes: scores.channels,
      pixelPitch: scores.pixelPitch, rowPitch: scores.rowPitch)
    upsampler(to: size).run(view, into: map)
    return map
  }

  /// Pictures of one data set mostly have one size: the last plan is kept.
  private func scaler(from size: PictureSize) -> PictureScaler {
    if let scaler, scaler.source == size { return scaler }
    let fresh = PictureScaler(from: size, to: engine.inputSize)
    scaler = fresh
    return fresh
  }

  private func upsampler(to size: PictureSize) -> ClassUpsampler {
    if let upsampler, upsampler.pictureSize == size { return upsampler }
    let scores = engine.scores
    let fresh = ClassUpsampler(
      scoreSize: PictureSize(width: scores.width, height: scores.height), classes: scores.channels, pictureSize: size)
    upsampler = fresh
    return fresh
  }
}
