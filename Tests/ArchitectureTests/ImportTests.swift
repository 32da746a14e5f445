import Foundation
import Testing

/// Data flows one way: the table in Architecture.md says what each module imports, no more and no less.
@Suite struct ImportTests {
  static let table = (try? ModuleTable(path: Source.root + "/Sources/RoadSeg/RoadSeg.docc/Architecture.md"))

  @Test func everyModuleHasItsRowAndEveryRowItsModule() throws {
    let table = try #require(Self.table)
    let modules = try Source.modules()
    #expect(table.rows.map(\.module).sorted() == modules)
  }

  /// Which also rules out cycles.
  @Test func aRowNamesRowsAboveItOnly() throws {
    var above: Set<String> = []
    for row in try #require(Self.table).rows {
      #expect(Set(row.imports).count == row.imports.count, "\(row.module) names a module twice")
      for name in row.imports { #expect(above.contains(name), "\(row.module) names \(name), which is no row above it") }
      above.insert(row.module)
    }
  }

  @Test(arguments: table?.rows ?? [])
  func importsAreThoseOfTheTable(row: ModuleTable.Row) throws {
    let modules = try #require(Self.table).modules
    var unused = Set(row.imports)
    for (file, imported) in try Source.imports(of: row.module)
    where modules.contains(imported) && imported != row.module {
      #expect(row.imports.contains(imported), "\(row.module)/\(file) imports \(imported), which its row does not name")
      unused.remove(imported)
    }
    #expect(unused.isEmpty, "the row of \(row.module) names what no file imports: \(unused.sorted())")
  }

  @Test func theScanAndTheTableAreRead() throws {
    #expect(try Source.imports(of: "RoadModel").contains { $0.imported == "RoadBase" })
    let table = try ModuleTable(
      text: """
        | module | one line | imports |
        |---|---|---|
        | `CJPEG`, `CPNG` | shims | - |
        | `RoadBase` | base | - |
        | `zKernelsA`, `zKernelsB` | kernels | Base |
        | `RoadFrame` | frames | Base, CJPEG, zKernels* |
        """)
    #expect(table.rows.map(\.module) == ["CJPEG", "CPNG", "RoadBase", "zKernelsA", "zKernelsB", "RoadFrame"])
    #expect(table.rows.last?.imports == ["RoadBase", "CJPEG", "zKernelsA", "zKernelsB"])
  }
}

/// The table of modules in Architecture.md. A name of the last column may leave out `Road`; `zKernels*` stands for all
/// that match.
struct ModuleTable {
  struct Row: Sendable, CustomTestStringConvertible {
    var module: String
    var imports: [String]
    var testDescription: String { module }
  }

  var rows: [Row] = []
  var modules: Set<String> { Set(rows.map(\.module)) }

  init(path: String) throws { try self.init(text: String(contentsOfFile: path, encoding: .utf8)) }

  init(text: String) throws {
    for line in text.split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 3 else { continue }
      let imports =
        cells[2] == "-" ? [] : cells[2].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      let known = modules
      rows += cells[0].matches(of: /`([\w]+)`/).map { match in
        Row(module: String(match.1), imports: imports.flatMap { Self.resolve($0, known) })
      }
    }
  }

  private static func resolve(_ name: String, _ known: Set<String>) -> [String] {
    if name.hasSuffix("*") { return known.filter { $0.hasPrefix(name.dropLast()) }.sorted() }
    return [known.contains("Road" + name) ? "Road" + name : name]
  }
}

enum Source {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// The program is called `roadseg`, its folder `roadseg-cli`.
  private static func folder(of module: String) -> String { module == "roadseg" ? "roadseg-cli" : module }

  static func modules() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root + "/Sources")
      .map { $0 == "roadseg-cli" ? "roadseg" : $0 }.sorted()
  }

  /// Each Swift file of the module and each module it imports.
  static func imports(of module: String) throws -> [(file: String, imported: String)] {
    let folder = URL(filePath: root).appending(path: "Sources/\(folder(of: module))")
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    var found: [(String, String)] = []
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(
        of: /(?m)^\s*(?:@\w+\s+|public\s+|package\s+|internal\s+)*import\s+(?:(?:struct|func|enum|class)\s+)?(\w+)/)
      {
        found.append((file.lastPathComponent, String(match.1)))
      }
    }
    return found
  }
}
