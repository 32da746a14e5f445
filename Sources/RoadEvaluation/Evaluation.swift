import RoadBase
import RoadFrame
import RoadMask

/// Scores of a network over pictures with labels.
public enum Evaluation {
  /// Every picture through `segmenter`, its class map at the label's size against the label.
  ///
  /// - Parameters:
  ///   - labelMap: from the labels' values to the network's classes; nil for labels that already are those.
  ///   - progress: called after each picture with the number done.
  /// - Throws: an error naming the file: unreadable, a label of another size than its picture, a value that the label map
  ///   does not know. Nothing is scored then: a figure over some of the pictures is not the figure asked for.
  public static func confusion(
    of segmenter: any PictureSegmenter, on pairs: [PicturePair], labelMap: LabelMap?, progress: (Int) -> Void = { _ in }
  ) throws(RoadError) -> ConfusionMatrix {
    let map = labelMap ?? .identity(classes: segmenter.classes.count)
    var confusion = ConfusionMatrix(classes: segmenter.classes.count)
    for (index, pair) in pairs.enumerated() {
      let picture = try PictureFile.read(pair.picture)
      let label = try self.label(pair.label, map: map)
      guard label.size == picture.size else {
        throw RoadError(
          .label, "\(pair.label): is \(label.size), its picture \(picture.size)",
          remedy: "give labels of their picture's size")
      }
      let prediction = try segmenter.classMap(of: picture, size: label.size)
      try confusion.add(prediction: prediction, label: label, file: pair.label)
      progress(index + 1)
    }
    return confusion
  }

  private static func label(_ path: String, map: LabelMap) throws(RoadError) -> ClassMap {
    let bytes = try PNG.labels(path: path)
    let label = ClassMap(size: bytes.size)
    _ = label.bytes.update(fromContentsOf: bytes.values)
    try map.apply(to: label.bytes, file: path)
    return label
  }
}
