import RoadBase
import RoadEngine
import RoadFrame
import RoadMask
import RoadModel
import RoadPipeline

/// The integer engine as the pipeline runs it: the arithmetic that users run.
public final class IntegerSegmenter: PictureSegmenter {
  public let arithmetic = "int8"
  public let classes: ClassTable
  public var inputSize: PictureSize { engine.inputSize }
  public let engine: Engine
  private let name: String
  /// Pictures of one data set mostly have one size: the last plan is kept.
  private var segmenter: NetworkSegmenter?

  /// - Parameter size: the network's input size; nil takes the model's own.
  public init(
    _ model: ModelGraph, name: String, classes: ClassTable?, size: PictureSize? = nil, threads: Int
  ) throws(RoadError) {
    engine = try Engine(model: model, options: EngineOptions(threads: threads, inputSize: size))
    self.classes = try Segmenters.classes(
      classes, of: model, name: name, count: engine.scores.channels, threshold: engine.threshold)
    self.name = name
  }

  public func classMap(of picture: Picture, size: PictureSize) -> ClassMap {
    let map = ClassMap(size: size)
    _ = segmenter(from: picture.size, to: size).segment(picture, into: map)
    return map
  }

  private func segmenter(from picture: PictureSize, to map: PictureSize) -> NetworkSegmenter {
    if let segmenter, segmenter.pictureSize == picture, segmenter.mapSize == map { return segmenter }
    let fresh = NetworkSegmenter(engine: engine, name: name, classes: classes, pictureSize: picture, mapSize: map)
    segmenter = fresh
    return fresh
  }
}
