import RoadBase
import RoadFrame
import RoadMask
import RoadModel

/// A network for single pictures: a picture of any size in, the class of every pixel out.
///
/// One thread uses it at a time.
public protocol PictureSegmenter: AnyObject {
  /// "int8" or "float32".
  var arithmetic: String { get }
  var classes: ClassTable { get }
  /// The network's own input size, to which every picture is scaled.
  var inputSize: PictureSize { get }

  /// The class map of `picture` at `size`: usually the picture's own, for evaluation the label's.
  ///
  /// - Throws: a model error when the network fails on this input; an integer network never does.
  func classMap(of picture: Picture, size: PictureSize) throws(RoadError) -> ClassMap
}

/// What segmenters of every arithmetic have in common.
public enum Segmenters {
  /// The classes of a model: those given, those in its metadata, the seven driving classes for a model of seven, or
  /// road and background for one of a single score. That one's table tells which class scores above the threshold stand
  /// for.
  ///
  /// - Parameters:
  ///   - count: scores that the model gives a pixel.
  ///   - threshold: of a single score; the table's own, where it has one, goes before it.
  public static func classes(
    _ given: ClassTable?, of model: ModelGraph, name: String, count: Int, threshold: ScoreThreshold
  ) throws(RoadError) -> ClassTable {
    var table = given
    if table == nil { table = try ClassTable(metadata: model.metadata, model: name) }
    if table == nil, count == ClassTable.driving7.count { table = .driving7 }
    if count == 1 {
      let told = table ?? .roadOrNot
      guard let two = told.forOneScore(level: threshold.level, findsAbove: threshold.findsAbove) else {
        throw RoadError(
          .model, "\(name): one score a pixel, but a class table of \(told.count)",
          remedy: "give a class table of the one class it looks for, or of that and the other, with --classes")
      }
      return two
    }
    guard let table, table.scores == count else {
      let found =
        table.map { "a class table of \($0.count)\($0.threshold == nil ? "" : " with a threshold")" }
        ?? "no class table"
      throw RoadError(
        .model, "\(name): \(count) classes, but \(found)", remedy: "give a class table of \(count) rows with --classes")
    }
    return table
  }
}

extension ModelGraph {
  /// Whether the model holds QuantizeLinear nodes: then the integer engine runs it, else the float executor.
  public var isQuantized: Bool { nodes.contains { $0.operation == "QuantizeLinear" } }
}
