import RoadBase
import RoadFrame
import RoadMask
import RoadSegmentation

/// Scores of a network over pictures with labels.
public enum Evaluation {
  /// What came of it: the counts, and the classes that they are of.
  public struct Outcome: Sendable {
    public var confusion: ConfusionMatrix
    /// Of the road.
    public var boundary: BoundaryIoU
    /// The network's classes; for labels that know the road and nothing else, road and not road.
    public var classes: ClassTable

    public var scores: SegmentationScores { SegmentationScores(confusion, table: classes) }

    /// What makes the figures say less than they seem to: no pixel is labelled as road, or all are one class.
    ///
    /// - Parameter voidIsValue255: whether no label map was given.
    public func warning(voidIsValue255: Bool) -> String? {
      let labelled = (0..<classes.count).filter { confusion.labelled($0) > 0 }
      let hint = voidIsValue255 ? "; value 255 is left out, give a label map if it stands for a class" : ""
      if confusion.labelled(Int(classes.drivable)) == 0 {
        return "no pixel is labelled '\(classes[classes.drivable].name)', so road IoU says nothing\(hint)"
      }
      guard voidIsValue255, labelled.count == 1, classes.count > 1 else { return nil }
      return "every labelled pixel is '\(classes[UInt8(labelled[0])].name)', so the figures say little\(hint)"
    }
  }

  /// Every picture through `segmenter`, its class map at the label's size against the label.
  ///
  /// A label map whose only target is the road stands for a set that labels the road and nothing else (KITTI's). Its
  /// other pixels, which the map calls void but for value 255, are known not to be road: there road is scored against
  /// not road, so that road painted beside the road counts.
  ///
  /// - Parameters:
  ///   - labelMap: from the labels' values to the network's classes; nil for labels that already are those.
  ///   - maximumPixels: a larger picture or label is an error.
  ///   - progress: called after each picture with the number done.
  /// - Throws: an error naming the file: unreadable, a label of another size than its picture, a value that the label
  ///   map does not know. Nothing is scored then: a figure over some of the pictures is not the figure asked for.
  public static func outcome(
    of segmenter: any PictureSegmenter, on pictures: some LabelledPictures, labelMap: LabelMap?,
    maximumPixels: Int = Picture.defaultPixelLimit, progress: (Int) -> Void = { _ in }
  ) throws(RoadError) -> Outcome {
    let road = segmenter.classes.drivable
    let isRoadOnly = labelMap?.isOfRoadOnly(road) ?? false
    let classes = isRoadOnly ? segmenter.classes.roadAgainstRest : segmenter.classes
    let reader = LabelReader(
      map: isRoadOnly ? labelMap?.roadAgainstRest(road) : labelMap, classes: segmenter.classes,
      maximumPixels: maximumPixels)
    var confusion = ConfusionMatrix(classes: classes.count)
    var boundary = BoundaryIoU(road: classes.drivable)
    for index in 0..<pictures.count {
      let picture = try pictures.picture(at: index, maximumPixels: maximumPixels)
      let (bytes, name) = try pictures.label(at: index)
      let label = try reader.classMap(bytes, name)
      guard label.size == picture.size else {
        throw RoadError(
          .label, "\(name): is \(label.size), its picture \(picture.size)",
          remedy: "give labels of their picture's size")
      }
      let prediction = try segmenter.classMap(of: picture, size: label.size)
      if isRoadOnly {
        for place in prediction.bytes.indices { prediction.bytes[place] = prediction.bytes[place] == road ? 0 : 1 }
      }
      try confusion.add(prediction: prediction, label: label, file: name)
      boundary.add(prediction, label: label)
      progress(index + 1)
    }
    return Outcome(confusion: confusion, boundary: boundary, classes: classes)
  }
}

extension ClassTable {
  /// The road as class 0 and everything else as class 1.
  fileprivate var roadAgainstRest: ClassTable {
    ClassTable([self[drivable], RoadClass(name: "not road", colour: Colour(0, 0, 0))], drivable: 0)
  }
}
