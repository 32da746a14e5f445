import RoadBase
import RoadFrame
import RoadMask
import RoadSegmentation

/// The road in single pictures, for programs. (Cameras and streams: ``Pipeline``.)
///
///     let segmenter = try RoadSegmenter()
///     let map = segmenter.segment(try PictureFile.read("road.jpg"))
///     print("\(100 * map.count(of: segmenter.classes.drivable) / map.size.pixels) % of the picture is road")
///
/// One thread at a time uses a segmenter.
public final class RoadSegmenter {
  /// Names and colours of the classes, and which of them is road.
  public var classes: ClassTable { segmenter.classes }
  /// The network's own input size; pictures of any size are scaled to it.
  public var inputSize: PictureSize { segmenter.inputSize }
  /// What may be done with the network's weights, in one line; nil where the model says nothing.
  public let terms: String?

  private let segmenter: IntegerSegmenter

  /// - Parameters:
  ///   - model: a shipped model's name or the path of an int8 (QDQ) ONNX file; `roadseg quantize` makes one of a float
  ///     model.
  ///   - inputSize: of the network's input, in pixels; nil takes the model's own. A smaller one is faster and less
  ///     exact.
  ///   - threads: that compute, the caller counted.
  ///   - classes: for a model whose file holds no class table.
  /// - Throws: a model error that says what cannot be read or run, and why.
  public init(
    model: String = ShippedModels.defaultName, inputSize: PictureSize? = nil, threads: Int = 1,
    classes: ClassTable? = nil
  ) throws(RoadError) {
    let graph = try ShippedModels.load(model)
    segmenter = try IntegerSegmenter(graph, name: model, classes: classes, size: inputSize, threads: threads)
    terms = graph.terms
  }

  /// The class of every pixel of `picture`, at its own size.
  public func segment(_ picture: Picture) -> ClassMap {
    segmenter.classMap(of: picture, size: picture.size)
  }
}
