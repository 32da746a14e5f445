import Foundation
import RoadBase
import RoadFrame
import RoadTestSupport
import Testing

/// Lists as editors, spreadsheets and Windows write them.
@Suite("Picture lists")
struct PictureListTests {
  private func fields(_ bytes: [UInt8], files: [String] = []) throws -> [[String]] {
    try withTemporaryFolder { folder in
      for file in files { try FileOutput.write([1], to: "\(folder)/\(file)") }
      try FileOutput.write(bytes, to: "\(folder)/list.txt")
      let list = try PictureList(path: "\(folder)/list.txt", as: .label)
      return list.lines.map { line in list.fields(of: line, wanted: 2).map { $0.replacing("\(folder)/", with: "") } }
    }
  }

  @Test(
    "byte order marks, blank lines, line ends and separators",
    arguments: [
      "a.jpg b.png\nc.jpg d.png\n", "a.jpg\tb.png\r\n\r\nc.jpg\td.png", "# comment\na.jpg, b.png\nc.jpg,d.png\n\n",
      "  a.jpg   b.png  \n\n\tc.jpg d.png", "a.jpg;b.png\rc.jpg;d.png", "\"a.jpg\" \"b.png\"\n\"c.jpg\",\"d.png\"\n",
    ])
  func separators(text: String) throws {
    let wanted = [["a.jpg", "b.png"], ["c.jpg", "d.png"]]
    #expect(try fields(Array(text.utf8)) == wanted)
    #expect(try fields([0xEF, 0xBB, 0xBF] + Array(text.utf8)) == wanted)
    let wide = try #require(text.data(using: .utf16))
    #expect(try fields([UInt8](wide)) == wanted)
  }

  @Test("names with blanks and commas, where something makes them plain")
  func blanks() throws {
    #expect(try fields(Array("a b.jpg\tc d.png".utf8)) == [["a b.jpg", "c d.png"]])
    #expect(try fields(Array("\"a, b.jpg\", \"c d.png\"".utf8)) == [["a, b.jpg", "c d.png"]])
    #expect(
      try fields(Array("a b.jpg c d.png".utf8), files: ["a b.jpg", "c d.png"]) == [["a b.jpg", "c d.png"]])
    #expect(try fields(Array("a b.jpg c d.png".utf8)).first?.count == 4)
    #expect(try fields(Array("/x/a.jpg /y/b.png".utf8)) == [["/x/a.jpg", "/y/b.png"]])
  }

  @Test("one file a line: the whole line where there is such a file, else its first field")
  func single() throws {
    try withTemporaryFolder { folder in
      try FileOutput.write([1], to: "\(folder)/my road.jpg")
      try FileOutput.write("my road.jpg\na.jpg b.png\nc.jpg,d.png\n\"e.jpg\"\n", to: "\(folder)/list.txt")
      let list = try PictureList(path: "\(folder)/list.txt", as: .picture)
      #expect(
        list.lines.map(list.file) == ["my road.jpg", "a.jpg", "c.jpg", "e.jpg"].map { "\(folder)/\($0)" })
    }
  }

  @Test("what is no text is one clear error")
  func noText() throws {
    try withTemporaryFolder { folder in
      try FileOutput.write([0xC3, 0x28, 0, 1], to: "\(folder)/list.txt")
      let error = thrown(RoadError.self) { try PictureList(path: "\(folder)/list.txt", as: .picture) }
      #expect(error?.cause == "\(folder)/list.txt: is not text")
    }
  }
}
