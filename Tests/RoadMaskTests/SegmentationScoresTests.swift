import RoadBase
import RoadMask
import Testing

/// Figures worked out by hand, and the rules for void and absent classes.
@Suite struct SegmentationScoresTests {
  static let table = ClassTable(
    ["road", "car", "sky", "never"].map { RoadClass(name: $0, colour: Colour(0, 0, 0)) }, drivable: 0)

  func map(_ values: [UInt8], width: Int = 4) -> ClassMap {
    let map = ClassMap(size: PictureSize(width: width, height: values.count / width))
    _ = map.bytes.update(fromContentsOf: values)
    return map
  }

  @Test func figuresByHand() throws {
    var matrix = ConfusionMatrix(classes: 4)
    //        road: 4 labelled, 3 right; car: 2 labelled, 1 right; sky: 1 labelled, right; one void
    try matrix.add(
      prediction: map([0, 0, 0, 1, 1, 2, 2, 0]), label: map([0, 0, 0, 0, 1, 1, 2, 255]), file: "a.png")
    #expect(matrix.pixels == 7)
    #expect(matrix[label: 0, prediction: 1] == 1)
    let scores = SegmentationScores(matrix, table: Self.table)
    let ious: [Double?] = [0.75, 1.0 / 3, 0.5, nil]
    #expect(scores.perClass.map(\.iou) == ious)
    #expect(scores.roadIoU == 0.75)
    let third = 1.0 / 3
    let mean: Double = (0.75 + third + 0.5) / 3
    #expect(scores.meanIoU == mean)
    #expect(scores.pixelAccuracy == 5.0 / 7)
    #expect(scores.meanAccuracy == 0.75)
    let weighted: Double = (4 * 0.75 + 2 * third + 0.5) / 7
    let difference = try #require(scores.frequencyWeightedIoU) - weighted
    #expect(abs(difference) < 1e-15)
    #expect(scores.absentClasses == ["never"])
    #expect(scores.pixels == 7)
  }

  @Test func aClassThatIsOnlyGivenCountsAsZero() throws {
    var matrix = ConfusionMatrix(classes: 4)
    try matrix.add(prediction: map([0, 0, 3, 0]), label: map([0, 0, 0, 0]), file: "a.png")
    let scores = SegmentationScores(matrix, table: Self.table)
    #expect(scores.meanIoU == 0.375)
    #expect(scores.perClass[3].iou == 0)
    #expect(scores.perClass[3].accuracy == nil)
    #expect(scores.meanAccuracy == 0.75)
    #expect(scores.absentClasses == ["car", "sky"])
  }

  @Test func nothingLabelledDefinesNothing() throws {
    var matrix = ConfusionMatrix(classes: 4)
    try matrix.add(prediction: map([0, 1, 2, 3]), label: map([255, 255, 255, 255]), file: "a.png")
    let scores = SegmentationScores(matrix, table: Self.table)
    #expect(scores.meanIoU == nil)
    #expect(scores.roadIoU == nil)
    #expect(scores.pixelAccuracy == nil)
    #expect(scores.frequencyWeightedIoU == nil)
  }

  @Test func picturesAreAddedPixelByPixelNotAveraged() throws {
    var first = ConfusionMatrix(classes: 4)
    try first.add(prediction: map([0, 0, 0, 0]), label: map([0, 0, 0, 0]), file: "a.png")
    var second = ConfusionMatrix(classes: 4)
    try second.add(prediction: map([1, 1, 1, 1, 0, 0, 0, 0]), label: map([0, 0, 0, 0, 0, 0, 0, 0]), file: "b.png")
    var both = first
    both += second
    #expect(SegmentationScores(both, table: Self.table).roadIoU == 8.0 / 12)
    #expect(both.labelled(0) == 12)
    #expect(both.predicted(1) == 4)
  }

  @Test func aLabelOfAnotherSizeIsRefused() {
    var matrix = ConfusionMatrix(classes: 4)
    #expect {
      try matrix.add(prediction: map([0, 0, 0, 0]), label: map([0, 0, 0, 0], width: 2), file: "a.png")
    } throws: {
      ($0 as? RoadError)?.cause == "a.png: the label is 2x2, its picture 4x1"
    }
  }

  @Test func anUnknownLabelIsRefusedAndNothingCounted() {
    var matrix = ConfusionMatrix(classes: 4)
    #expect {
      try matrix.add(prediction: map([0, 0, 0, 0]), label: map([0, 0, 4, 0]), file: "a.png")
    } throws: {
      ($0 as? RoadError)?.cause == "a.png: label 4, but the model has the classes 0...3"
    }
    #expect(matrix.pixels == 0)
  }

  @Test func roadMaskAndCount() {
    let classes = map([0, 1, 0, 255])
    let mask = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4)
    defer { mask.deallocate() }
    classes.writeRoad(drivable: 0, into: mask)
    #expect(Array(mask) == [255, 0, 255, 0])
    #expect(classes.count(of: 0) == 2)
  }
}
