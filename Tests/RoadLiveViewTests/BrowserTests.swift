import Foundation
import Glibc
import RoadTestSupport
import Testing

/// What others make of the page: Chromium, and PyPI's Prometheus parser.
enum PageReaders {
  static let absence: Comment =
    "needs Chromium with its driver (Debian: chromium, chromium-driver) and PyPI's selenium: not tried here"
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()

  static let python = Programs.python(with: "readers")

  static var hasBrowser: Bool {
    let files = FileManager.default
    let isThere = ["/usr/bin/chromium", "/usr/bin/chromedriver"].allSatisfy(files.isExecutableFile)
    return isThere && python != nil && files.isExecutableFile(atPath: binary)
  }

  static let binary = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "roadseg")
    .path
}

@Suite("The page in a browser", .serialized, .enabled(if: PageReaders.hasBrowser, PageReaders.absence))
struct BrowserTests {
  /// One visit, of a phone; `browser.py URL FOLDER` makes the four of all widths and colour schemes.
  @Test("loads without errors, moves, counts, obeys; starts, stops and triggers the recording")
  func quickVisit() throws {
    try Self.visit { folder in ["record", "synthetic", "--output", "\(folder)/recordings"] }
  }

  /// The first visit's camera is not calibrated, this one's is.
  @Test("own parts are drawn, dragged, written and deleted, and lie in the file; the road is shown from above")
  func ownParts() throws {
    try Self.visit { folder in
      try "0,90 100,90 100,100 0,100\n".write(toFile: "\(folder)/parts.txt", atomically: true, encoding: .utf8)
      return [
        "live", "synthetic:bonnet", "--own-parts", "\(folder)/parts.txt", "--camera-calibration", "synthetic",
      ]
    } afterwards: { folder in
      let text = try String(contentsOfFile: "\(folder)/parts.txt", encoding: .utf8)
      #expect(text == "# drawn on the page, 640x480\n0,90 100,90 100,100\n")
    }
  }

  private static func visit(
    arguments: (String) throws -> [String], afterwards: (String) throws -> Void = { _ in }
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let process = Process()
    process.executableURL = URL(filePath: PageReaders.binary)
    process.arguments = try arguments(folder) + ["--rate", "10", "--web", "127.0.0.1:0"]
    let said = "\(folder)/said"
    #expect(FileManager.default.createFile(atPath: said, contents: nil))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: said))
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    defer {
      process.terminate()
      process.waitUntilExit()
    }
    var address: String?
    for _ in 0..<200 where address == nil {
      usleep(100_000)
      let text = try String(contentsOfFile: said, encoding: .utf8)
      address = text.firstMatch(of: /page at (http:\S+)/).map { String($0.1) }
    }
    let (status, output) = Programs.run(
      try #require(PageReaders.python),
      ["\(PageReaders.folder.path)/browser.py", try #require(address, "no page"), folder, "quick"], withErrors: true)
    #expect(status == 0, "\(output)")
    #expect(output.contains("1 visits, 0 failures"))
    try afterwards(folder)
  }
}

/// Metrics as Prometheus' own parser reads them.
enum MetricsReader {
  private static let script = """
    import sys
    from prometheus_client.parser import text_string_to_metric_families
    for family in text_string_to_metric_families(open(sys.argv[1]).read()):
        print(family.name, family.type, len(family.samples))
    """

  /// A line for each family: name, type, number of samples.
  static func read(_ text: Data) throws -> [String] {
    let path = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(to: URL(filePath: path))
    let (status, output) = Programs.run(try #require(PageReaders.python), ["-c", script, path], withErrors: true)
    #expect(status == 0, "\(output)")
    return output.split(separator: "\n").map(String.init)
  }
}
