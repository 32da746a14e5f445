import Foundation
import RoadBase
import RoadEvaluation
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
      let error = #expect(throws: RoadError.self) { try PicturePairs.list(list) }
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
      let error = #expect(throws: RoadError.self) {
        try PicturePairs.folders(images: "\(folder)/images", labels: "\(folder)/labels")
      }
      #expect(error?.cause.contains("1 of 2 pictures, the first b.JPEG") == true)
      try touch("\(folder)/labels/b.png")
      let pairs = try PicturePairs.folders(images: "\(folder)/images", labels: "\(folder)/labels")
      #expect(pairs.map { URL(filePath: $0.label).lastPathComponent } == ["a.png", "b.png"])
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
