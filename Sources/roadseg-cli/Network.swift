import RoadBase
import RoadEngine
import RoadEvaluation
import RoadMask
import RoadModel
import RoadPipeline
import RoadSeg
import RoadTelemetry

/// The int8 network that `live` and `run` share among their pipelines.
struct Network {
  let name: String
  let classes: ClassTable
  let identity: RunIdentity
  private let engine: Engine

  init(_ options: ModelOptions, inputSize: PictureSize?, threads: Int) throws(RoadError) {
    let graph = try options.graph()
    guard graph.isQuantized else {
      throw RoadError(.model, "\(options.model): is a float model", remedy: "quantize it first: roadseg quantize")
    }
    engine = try Engine(model: graph, options: EngineOptions(threads: threads, inputSize: inputSize))
    name = options.model.split(separator: "/").last.map(String.init) ?? options.model
    classes = try Segmenters.classes(
      options.classTable(), of: graph, name: options.model, count: engine.scores.channels,
      threshold: engine.threshold)
    identity = try options.identity(instructionSet: engine.instructionSet.rawValue)
    if let terms = graph.terms { Terminal.say("roadseg: model \(name): \(terms)") }
  }

  func segmenter(for size: PictureSize) -> NetworkSegmenter {
    NetworkSegmenter(engine: engine, name: name, classes: classes, pictureSize: size)
  }
}
