import Foundation
import Testing

/// Lines fit a screen beside another: 120 columns, code, scripts, comments and prose.
@Suite struct LineLengthTests {
  static let widest = 120

  /// What people write. Test data, pictures and models are not read.
  static let written = [
    "c", "conf", "h", "html", "in", "ini", "ld", "map", "md", "modulemap", "py", "rules", "service", "sh", "swift",
    "toml", "yaml",
  ]

  @Test(arguments: [
    ".ci", "Calibration", "Examples", "Firmware-Configs", "Packaging", "Python", "Sources", "Tests", ".",
  ])
  func noLineIsWider(folder: String) throws {
    for path in try Self.files(in: folder) {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        // A row of a Markdown table cannot be broken.
        if path.hasSuffix(".md"), line.hasPrefix("|") { continue }
        #expect(line.count <= Self.widest, "\(path):\(index + 1) has \(line.count) columns")
      }
    }
  }

  /// Files with one of the endings in `written`, and without an ending scripts; of the package's own folder only its
  /// files.
  private static func files(in folder: String) throws -> [String] {
    let root = Source.root + "/" + folder
    let names =
      try folder == "."
      ? FileManager.default.contentsOfDirectory(atPath: root)
      : FileManager.default.subpathsOfDirectory(atPath: root)
    return names.map { "\(root)/\($0)" }.filter { path in
      let ending = URL(filePath: path).pathExtension
      return written.contains(ending) || ending.isEmpty && (path.hasSuffix("/Makefile") || isScript(path))
    }
  }

  private static func isScript(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    return (try? file.read(upToCount: 2)) == Data("#!".utf8)
  }

  @Test func filesAreFound() throws {
    #expect(try Self.files(in: "Sources").count > 100)
    for known in ["README.md", "Makefile"] {
      #expect(try Self.files(in: ".").contains { $0.hasSuffix("/" + known) })
    }
    #expect(try Self.files(in: ".ci").contains { $0.hasSuffix("/setup") })
  }
}
