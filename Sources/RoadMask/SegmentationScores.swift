/// The figures that semantic segmentation is judged by, over all pixels of all pictures together (not averaged by
/// picture).
///
/// With `n_ij` the pixels labelled i and given j, `t_i = Σ_j n_ij` and `p_i = Σ_j n_ji` (Long, Shelhamer, Darrell,
/// "Fully convolutional networks for semantic segmentation", CVPR 2015, section 5; void labels are counted nowhere):
///
/// - pixel accuracy `Σ_i n_ii / Σ_i t_i`
/// - IoU of class i `n_ii / (t_i + p_i − n_ii)`: intersection over union, the Jaccard index
/// - mean IoU: mean over the classes that are labelled or given anywhere; one that is neither has no IoU and is left
///   out, one that is only given has IoU 0 and counts
/// - mean accuracy: mean of `n_ii / t_i` over the classes that are labelled
/// - frequency-weighted IoU `Σ_i t_i · IoU_i / Σ_i t_i`
///
/// All are in 0...1, and nil where nothing defines them.
public struct SegmentationScores: Hashable, Sendable {
  public struct PerClass: Hashable, Sendable {
    public let name: String
    /// nil for a class neither labelled nor given anywhere.
    public let iou: Double?
    /// Share of the labelled pixels that were given the class (recall); nil for a class that is labelled nowhere.
    public let accuracy: Double?
    public let labelledPixels: UInt64
  }

  public let perClass: [PerClass]
  public let meanIoU: Double?
  public let roadIoU: Double?
  public let pixelAccuracy: Double?
  public let meanAccuracy: Double?
  public let frequencyWeightedIoU: Double?
  /// Classes that the means leave out, because they are neither labelled nor given anywhere.
  public let absentClasses: [String]
  /// Labelled pixels, void left out.
  public let pixels: UInt64

  public init(_ matrix: ConfusionMatrix, table: ClassTable) {
    precondition(matrix.classes == table.count, "\(table.count) names for \(matrix.classes) classes")
    perClass = (0..<matrix.classes).map { index in
      let hits = matrix[label: index, prediction: index]
      let labelled = matrix.labelled(index)
      return PerClass(
        name: table.classes[index].name,
        iou: Self.ratio(hits, labelled + matrix.predicted(index) - hits),
        accuracy: Self.ratio(hits, labelled), labelledPixels: labelled)
    }
    pixels = matrix.pixels
    let hits = (0..<matrix.classes).reduce(UInt64(0)) { $0 + matrix[label: $1, prediction: $1] }
    pixelAccuracy = Self.ratio(hits, pixels)
    meanIoU = Self.mean(perClass.compactMap(\.iou))
    meanAccuracy = Self.mean(perClass.compactMap(\.accuracy))
    roadIoU = perClass[Int(table.drivable)].iou
    absentClasses = perClass.filter { $0.iou == nil }.map(\.name)
    let total = pixels
    frequencyWeightedIoU =
      total == 0
      ? nil : perClass.reduce(0.0) { $0 + Double($1.labelledPixels) / Double(total) * ($1.iou ?? 0) }
  }

  private static func ratio(_ part: UInt64, _ whole: UInt64) -> Double? {
    whole == 0 ? nil : Double(part) / Double(whole)
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
