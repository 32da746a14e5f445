import RoadBase
import RoadFrame
import RoadMask
import RoadModel

/// A network as evaluation sees it: a picture of any size in, the class of every pixel out.
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

/// Makes the segmenter that a model asks for.
public enum Segmenters {
  /// - Parameters:
  ///   - model: a float ONNX graph or an int8 QDQ one.
  ///   - name: of the model, for messages.
  ///   - size: the network's input size; nil takes the model's own.
  ///   - classes: nil takes the table in the model's metadata, or the seven driving classes for a model of seven.
  public static func make(
    _ model: ModelGraph, name: String, classes: ClassTable? = nil, size: PictureSize? = nil, threads: Int
  ) throws(RoadError) -> any PictureSegmenter {
    model.isQuantized
      ? try IntegerSegmenter(model, name: name, classes: classes, size: size, threads: threads)
      : try FloatSegmenter(model.simplified(inputSize: size), name: name, classes: classes)
  }

  /// The classes of a model: those given, those in its metadata, or the seven driving classes for a model of seven.
  public static func classes(
    _ given: ClassTable?, of model: ModelGraph, name: String, count: Int
  ) throws(RoadError) -> ClassTable {
    var table = given
    if table == nil { table = try ClassTable(metadata: model.metadata, model: name) }
    if table == nil, count == ClassTable.driving7.count { table = .driving7 }
    guard let table, table.count == count else {
      let found = table.map { "a class table of \($0.count)" } ?? "no class table"
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
