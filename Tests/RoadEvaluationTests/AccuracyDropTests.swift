import RoadBase
import RoadEvaluation
import RoadMask
import RoadTestSupport
import Testing

@Suite struct AccuracyDropTests {
  /// Road IoU `hits` of 100 pixels, the rest taken for the other class.
  private func scores(_ hits: Int) throws -> SegmentationScores {
    let table = try ClassTable(text: "index\tname\tr\tg\tb\n0\troad\t1\t2\t3\n1\tother\t4\t5\t6\n", name: "table")
    var matrix = ConfusionMatrix(classes: 2)
    let size = PictureSize(width: 10, height: 20)
    let (label, prediction) = (ClassMap(size: size), ClassMap(size: size))
    for pixel in 0..<200 {
      label.bytes[pixel] = pixel < 100 ? 0 : 1
      prediction.bytes[pixel] = pixel < hits ? 0 : 1
    }
    try matrix.add(prediction: prediction, label: label, file: "label")
    return SegmentationScores(matrix, table: table)
  }

  @Test func whatFellIsNamed() throws {
    let drop = AccuracyDrop(float: try scores(90), int8: try scores(88))
    #expect(abs((drop.roadIoU ?? 0) - 0.02) < 1e-9)
    try drop.enforce(.init(meanIoU: 0.03, roadIoU: 0.0200001))
    let error = thrown(RoadError.self) { try drop.enforce(.init(meanIoU: 0.03, roadIoU: 0.019)) }
    #expect(error?.cause == "int8 loses too much: road IoU 0.9000 → 0.8800, a drop of 0.0200 where 0.0190 is allowed")
    let mean = thrown(RoadError.self) { try drop.enforce(.init(meanIoU: 0.001, roadIoU: 1)) }
    #expect(mean?.cause.contains("mIoU") == true)
  }

  @Test func aGainIsNoDrop() throws {
    let drop = AccuracyDrop(float: try scores(88), int8: try scores(90))
    #expect((drop.meanIoU ?? 0) < 0)
    try drop.enforce(.init(meanIoU: 0, roadIoU: 0))
  }

  @Test func limits() {
    #expect(AccuracyDrop.Limit("0.003,0.001") == .init(meanIoU: 0.003, roadIoU: 0.001))
    #expect(AccuracyDrop.Limit("0.5") == .init(meanIoU: 0.5, roadIoU: 0.5))
    for text in ["", "a", "-0.1", "1.1", "0.1,", ",", "0.1,0.1,0.1", "nan", "inf"] {
      #expect(AccuracyDrop.Limit(text) == nil, "\(text)")
    }
  }
}
