import RoadBase
import RoadMask
import RoadModel
import RoadSegmentation

extension Segmenters {
  /// Makes the segmenter that a model asks for: integer for int8, float for float.
  ///
  /// - Parameters:
  ///   - model: a float ONNX graph or an int8 QDQ one.
  ///   - name: of the model, for messages.
  ///   - size: the network's input size; nil takes the model's own.
  ///   - classes: nil takes the table in the model's metadata, or the seven driving classes for a model of seven.
  public static func make(
    _ model: ModelGraph, name: String, classes: ClassTable? = nil, size: PictureSize? = nil, threads: Int
  ) throws(RoadError) -> any ScoringSegmenter {
    try model.refuseDynamicQuantization(model: name)
    return model.isQuantized
      ? try IntegerSegmenter(model, name: name, classes: classes, size: size, threads: threads)
      : try FloatSegmenter(model.simplified(inputSize: size), name: name, classes: classes)
  }
}
