import Foundation
import RoadBase
import RoadEvaluation
import RoadTestSupport
import Testing

/// Which pictures and labels belong together, and what is refused.
@Suite struct PicturePairsTests {
  @Test func listPathsAreRelativeToTheListUnlessAbsolute() throws {
    try withFolder { folder in
      let list = "\(folder)/val.txt"
      try "# comment\n\na/p.jpg  b/p.png\n/x/q.jpg\t/y/q.png\n".write(toFile: list, atomically: true, encoding: .utf8)
      let pairs = try PicturePairs.list(list)
      #expect(pairs.map(\.picture) == ["\(folder)/a/p.jpg", "/x/q.jpg"])
      #expect(pairs.map(\.label) == ["\(folder)/b/p.png", "/y/q.png"])
    }
  }

  @Test(arguments: ["only-one\n", "one two three\n"])
  func aLineThatIsNoPairIsNamed(text: String) throws {
    try withFolder { folder in
      let list = "\(folder)/val.txt"
      try ("p.jpg p.png\n" + text).write(toFile: list, atomically: true, encoding: .utf8)
      let error = thrown(RoadError.self) { try PicturePairs.list(list) }
      #expect(error?.cause.contains("val.txt:2:") == true)
    }
  }

  @Test(arguments: ["", "# nothing\n\n"])
  func anEmptyListIsRefused(text: String) throws {
    try withFolder { folder in
      try text.write(toFile: "\(folder)/val.txt", atomically: true, encoding: .utf8)
      #expect(throws: RoadError.self) { try PicturePairs.list("\(folder)/val.txt") }
      #expect(throws: RoadError.self) { try PicturePairs.pictures("\(folder)/val.txt") }
      #expect(throws: RoadError.self) { try PicturePairs.list("\(folder)/absent.txt") }
    }
  }

  @Test func foldersPairByNameAndNameWhatLacksALabel() throws {
    try withFolder { folder in
      for path in ["images/a.jpg", "images/b.JPEG", "images/notes.txt", "labels/a.png"] {
        try touch("\(folder)/\(path)")
      }
      let error = thrown(RoadError.self) {
        try PicturePairs.folders(images: "\(folder)/images", labels: "\(folder)/labels")
      }
      #expect(error?.cause.contains("1 of 2 pictures, the first b.JPEG") == true)
      try touch("\(folder)/labels/b.png")
      let pairs = try PicturePairs.folders(images: "\(folder)/images", labels: "\(folder)/labels")
      #expect(pairs.map { URL(filePath: $0.label).lastPathComponent } == ["a.png", "b.png"])
    }
  }

  /// The names of Cityscapes, IDD, CamVid, BDD100K, KITTI, and pictures beside their labels.
  @Test(arguments: [
    ("aachen/a_000019_leftImg8bit.png", "aachen/a_000019_gtFine_labelIds.png"),
    ("aachen/a_000019_leftImg8bit.png", "aachen/a_000019_gtFine_labelTrainIds.png"),
    ("7/024541_image.jpg", "7/024541_label.png"),
    ("0001TP_006690.png", "0001TP_006690_L.png"),
    ("b1c9c847.jpg", "b1c9c847_train_id.png"),
    ("um_000000.png", "um_road_000000.png"),
    ("train/x/a.jpg", "train/x/a.png"),
    ("a.jpg", "deep/below/a_mask.png"),
  ]) func dataSetsNames(picture: String, label: String) throws {
    try withFolder { folder in
      let others = ["aachen/a_000019_gtFine_instanceIds.png", "aachen/a_000019_gtFine_color.png"]
      for path in ["images/\(picture)", "labels/\(label)"] + others.map({ "labels/\($0)" }) {
        try touch("\(folder)/\(path)")
      }
      let pairs = try PicturePairs.folders(images: "\(folder)/images", labels: "\(folder)/labels")
      #expect(pairs == [PicturePair("\(folder)/images/\(picture)", "\(folder)/labels/\(label)")])
    }
  }

  @Test func picturesAndLabelsInOneFolder() throws {
    try withFolder { folder in
      for path in ["a_leftImg8bit.png", "a_gtFine_labelIds.png", "b.jpg", "b.png"] { try touch("\(folder)/\(path)") }
      let error = thrown(RoadError.self) { try PicturePairs.folders(images: folder, labels: folder) }
      #expect(error?.cause.contains("no label for 1 of 3 pictures, the first b.png") == true)
      try FileManager.default.removeItem(atPath: "\(folder)/b.jpg")
      try FileManager.default.removeItem(atPath: "\(folder)/b.png")
      let pairs = try PicturePairs.folders(images: folder, labels: folder)
      #expect(pairs == [PicturePair("\(folder)/a_leftImg8bit.png", "\(folder)/a_gtFine_labelIds.png")])
    }
  }

  @Test func twoLabelsOfEqualClaimAreAnError() throws {
    try withFolder { folder in
      for path in ["images/a.jpg", "labels/x/a.png", "labels/y/a.png"] { try touch("\(folder)/\(path)") }
      let error = thrown(RoadError.self) {
        try PicturePairs.folders(images: "\(folder)/images", labels: "\(folder)/labels")
      }
      #expect(error?.cause.contains("could both be the label of a.jpg") == true)
    }
  }

  private func touch(_ path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try #require(FileManager.default.createFile(atPath: path, contents: Data()))
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pairs-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }
}
