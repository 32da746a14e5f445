import RoadBase
import RoadFrame
import RoadMask
import RoadModel
import RoadSegmentation

/// What quantization cost: a float model and its int8 form on the same labelled pictures.
public struct AccuracyDrop: Hashable, Sendable {
  public let float: SegmentationScores
  public let int8: SegmentationScores

  public init(float: SegmentationScores, int8: SegmentationScores) {
    self.float = float
    self.int8 = int8
  }

  /// Float minus int8, 0...1; negative where int8 is better. Nil where no pixel decides.
  public var meanIoU: Double? { Self.difference(float.meanIoU, int8.meanIoU) }
  public var roadIoU: Double? { Self.difference(float.roadIoU, int8.roadIoU) }

  private static func difference(_ float: Double?, _ int8: Double?) -> Double? {
    guard let float, let int8 else { return nil }
    return float - int8
  }

  /// Scores of one of the two models.
  ///
  /// - Parameters:
  ///   - graph: simplified, of a fixed input size.
  ///   - progress: called with the number of pictures done.
  /// - Throws: what ``Evaluation`` throws of a picture, label or map.
  public static func scores(
    of graph: ModelGraph, name: String, on pairs: [PicturePair], labelMap: String?, threads: Int,
    maximumPixels: Int = Picture.defaultPixelLimit, progress: (Int) -> Void = { _ in }
  ) throws(RoadError) -> SegmentationScores {
    let segmenter = try Segmenters.make(graph, name: name, classes: nil, threads: threads)
    var map: LabelMap?
    if let labelMap { map = try LabelMap(path: labelMap, classes: segmenter.classes.count) }
    return try Evaluation.outcome(
      of: segmenter, on: pairs, labelMap: map, maximumPixels: maximumPixels, progress: progress
    ).scores
  }

  /// Whether both figures were measured and fell by no more than is allowed.
  public func isWithin(_ limit: Limit) -> Bool {
    guard let meanIoU, let roadIoU else { return false }
    return meanIoU <= limit.meanIoU && roadIoU <= limit.roadIoU
  }

  /// - Throws: a model error that names the figure which fell by more than is allowed.
  public func enforce(_ limit: Limit) throws(RoadError) {
    try enforce("mIoU", float.meanIoU, int8.meanIoU, limit.meanIoU)
    try enforce("road IoU", float.roadIoU, int8.roadIoU, limit.roadIoU)
  }

  private func enforce(_ figure: String, _ float: Double?, _ int8: Double?, _ limit: Double) throws(RoadError) {
    guard let float, let int8 else {
      throw RoadError(
        .label, "\(figure) cannot be measured: no labelled pixel decides it", remedy: "evaluate on more pictures")
    }
    guard float - int8 > limit else { return }
    let texts = [float, int8, float - int8, limit].map { Self.text($0) }
    throw RoadError(
      .model,
      "int8 loses too much: \(figure) \(texts[0]) → \(texts[1]), a drop of \(texts[2]) where \(texts[3]) is allowed",
      remedy:
        "calibrate on more and other pictures, try another --observer, --equalize or --wide auto, "
        + "or fine-tune in integers"
    )
  }

  private static func text(_ value: Double) -> String {
    let scaled = Int((value * 10000).rounded())
    let digits = String(abs(scaled) % 10000)
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / 10000).\(String(repeating: "0", count: 4 - digits.count))\(digits)"
  }
}

extension AccuracyDrop {
  /// By how much int8 may be worse than float, 0...1.
  public struct Limit: Hashable, Sendable {
    public let meanIoU: Double
    public let roadIoU: Double

    public init(meanIoU: Double, roadIoU: Double) {
      self.meanIoU = meanIoU
      self.roadIoU = roadIoU
    }

    /// "0.003,0.001" (mIoU, road IoU), or one number for both; nil for anything else than numbers in 0...1.
    public init?(_ text: String) {
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? -1 }
      guard (1...2).contains(numbers.count), numbers.allSatisfy({ (0...1).contains($0) }) else { return nil }
      self.init(meanIoU: numbers[0], roadIoU: numbers[numbers.count - 1])
    }
  }
}
