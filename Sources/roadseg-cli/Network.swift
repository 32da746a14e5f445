import RoadBase
import RoadFrame
import RoadMask
import RoadModel
import RoadSegmentation
import RoadTelemetry

/// The int8 network that `live` and `run` share among their pipelines.
struct Network {
  let identity: RunIdentity
  private let network: IntegerSegmenter

  var name: String { network.name }
  var classes: ClassTable { network.classes }

  init(_ options: ModelOptions, inputSize: PictureSize?, threads: Int) throws(RoadError) {
    let graph = try options.graph()
    network = try IntegerSegmenter(
      graph, name: options.model.split(separator: "/").last.map(String.init) ?? options.model,
      classes: options.classTable(), size: inputSize, threads: threads)
    identity = try options.identity(instructionSet: network.engine.instructionSet.rawValue)
    let pool = network.engine.pool
    if !pool.placement.cores.isEmpty { Terminal.say("roadseg: \(pool.threads) threads on \(pool.placement)") }
    if let remark = Self.remark(on: network.engine.unquantizedNodes) {
      Terminal.say("roadseg: model \(name): \(remark)")
    }
    if let terms = graph.terms { Terminal.say("roadseg: model \(name): \(terms)") }
  }

  /// Of layers whose results somebody else's quantizer left as they are; nil without such.
  static func remark(on unquantized: [String]) -> String? {
    guard !unquantized.isEmpty else { return nil }
    let (named, more) = (unquantized.prefix(8).joined(separator: ", "), unquantized.count - 8)
    return "\(unquantized.count) layers between quantized ones are not quantized and are kept in 16 bits: \(named)"
      + "\(more > 0 ? " and \(more) more" : ""); roadseg profile tells what they cost"
  }

  /// Another network, or this one with another input, on the same threads.
  func variant(_ graph: ModelGraph, name: String? = nil, size: PictureSize?) throws(RoadError) -> IntegerSegmenter {
    try IntegerSegmenter(
      graph, name: name?.split(separator: "/").last.map(String.init) ?? self.name, classes: nil, size: size,
      threads: network.engine.pool.threads, pool: network.engine.pool)
  }

  var inputSize: PictureSize { network.engine.inputSize }

  func segmenter(for size: PictureSize, stabilise: StabiliseOptions = StabiliseOptions()) -> NetworkSegmenter {
    network.segmenter(for: size, stabilise: stabilise)
  }
}
