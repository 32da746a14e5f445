import Foundation
import RoadBase
import RoadEngine
import RoadFrame
import RoadMask
import RoadModel
import RoadPipeline

/// The integer engine as the pipeline runs it: the arithmetic that users run.
public final class IntegerSegmenter: ScoringSegmenter {
  public let arithmetic = "int8"
  public let classes: ClassTable
  public var inputSize: PictureSize { engine.inputSize }
  public let engine: Engine
  public let name: String
  private let usual: UsualActivity?
  /// Threads unless the user says otherwise: one a core that this process may use, at most 4. More gain nothing on one
  /// small frame and cost the rest of the board its cores.
  public static var defaultThreads: Int { min(ProcessInfo.processInfo.activeProcessorCount, 4) }
  /// Pictures of one data set mostly have one size: the last plan is kept.
  private var segmenter: NetworkSegmenter?

  /// - Parameters:
  ///   - name: of the model, for people.
  ///   - classes: nil takes those of ``Segmenters/classes(_:of:name:count:threshold:)``.
  ///   - size: the network's input size; nil takes the model's own.
  ///   - threads: that compute, the caller counted.
  ///   - pool: of another network, whose threads this one shares; replaces `threads`.
  /// - Throws: a model error for a float model or one that the engine cannot run.
  public convenience init(
    _ model: ModelGraph, name: String, classes: ClassTable?, size: PictureSize? = nil, threads: Int,
    pool: WorkerPool? = nil
  ) throws(RoadError) {
    try self.init(
      model, name: name, classes: classes, options: EngineOptions(threads: threads, inputSize: size), pool: pool)
  }

  /// - Parameters:
  ///   - name: of the model, for people.
  ///   - classes: nil takes those of ``Segmenters/classes(_:of:name:count:threshold:)``.
  /// - Throws: a model error for a float model or one that the engine cannot run.
  public init(
    _ model: ModelGraph, name: String, classes: ClassTable?, options: EngineOptions, pool: WorkerPool? = nil
  ) throws(RoadError) {
    try model.refuseDynamicQuantization(model: name)
    guard model.isQuantized else {
      throw RoadError(.model, "\(name): is a float model", remedy: "quantize it first: roadseg quantize")
    }
    if let pool {
      engine = try Engine(model: model, options: options, pool: pool)
    } else {
      engine = try Engine(model: model, options: options)
    }
    self.classes = try Segmenters.classes(
      classes, of: model, name: name, count: engine.scores.channels, threshold: engine.threshold)
    self.name = name
    usual = model.usualActivity
  }

  /// For a pipeline whose pictures have this size. All segmenters share the engine, one at a time.
  ///
  /// - Parameter stabilise: how it steadies scores over the frames that it is given.
  public func segmenter(
    for size: PictureSize, stabilise: StabiliseOptions = StabiliseOptions()
  ) -> NetworkSegmenter {
    NetworkSegmenter(
      engine: engine, name: name, classes: classes, pictureSize: size, stabilise: stabilise, usual: usual)
  }

  public func classMap(of picture: Picture, size: PictureSize) -> ClassMap {
    let map = ClassMap(size: size)
    _ = segmenter(from: picture.size, to: size).segment(picture, into: map)
    return map
  }

  public func realScores(of picture: Picture) -> RealScores {
    let segmenter = segmenter(from: picture.size, to: picture.size)
    _ = segmenter.segment(picture, into: ClassMap(size: picture.size))
    return segmenter.realScores()
  }

  private func segmenter(from picture: PictureSize, to map: PictureSize) -> NetworkSegmenter {
    if let segmenter, segmenter.pictureSize == picture, segmenter.mapSize == map { return segmenter }
    let fresh = NetworkSegmenter(engine: engine, name: name, classes: classes, pictureSize: picture, mapSize: map)
    segmenter = fresh
    return fresh
  }
}
