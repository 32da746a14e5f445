import Foundation
import Testing

/// Lines fit a screen beside another: 120 columns, code, comments and prose.
@Suite struct LineLengthTests {
  static let widest = 120

  @Test(arguments: ["Sources", "Tests", "Calibration", "Firmware-Configs", "."])
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

  /// Swift and Markdown; of the package's own folder only its files.
  private static func files(in folder: String) throws -> [String] {
    let root = Source.root + "/" + folder
    let names =
      try folder == "."
      ? FileManager.default.contentsOfDirectory(atPath: root)
      : FileManager.default.subpathsOfDirectory(atPath: root)
    return names.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".md") }.map { "\(root)/\($0)" }
  }

  @Test func filesAreFound() throws {
    #expect(try Self.files(in: "Sources").count > 100)
    #expect(try Self.files(in: ".").contains { $0.hasSuffix("README.md") })
  }
}
