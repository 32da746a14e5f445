import Foundation
import Testing

/// Inside RoadEngine names are used downwards only: folder by folder as `order` says, and file by file without a cycle.
@Suite struct EngineLayeringTests {
  /// Which folders each looks down on. Plan stands beside Layers, Lowering and Operators: it knows the network alone.
  static let order: [String: Set<String>] = [
    "Network": [],
    "Layers": ["Network"],
    "Lowering": ["Network", "Layers"],
    "Operators": ["Network", "Layers", "Lowering"],
    "Plan": ["Network"],
    "Threads": [],
    "": ["Network", "Layers", "Lowering", "Operators", "Plan", "Threads"],
  ]
  /// Two halves of one type, whose memory both read.
  static let allowedCycles: Set<Set<String>> = [["Threads/JobBoard.swift", "Threads/WorkerPool.swift"]]

  @Test func foldersLookDownOnly() throws {
    let uses = try FileUses(FileUses.packageRoot.appending(path: "Sources/RoadEngine"))
    for (file, used) in uses.edges.sorted(by: { $0.key < $1.key }) {
      let folder = FileUses.folder(of: file)
      let allowed = try #require(Self.order[folder], "folder '\(folder)' is not in the order")
      for other in used.sorted() where FileUses.folder(of: other) != folder {
        #expect(allowed.contains(FileUses.folder(of: other)), "\(file) looks up to \(other)")
      }
    }
  }

  @Test func noFilesUseEachOtherInACircle() throws {
    let uses = try FileUses(FileUses.packageRoot.appending(path: "Sources/RoadEngine"))
    let cycles = uses.cycles.filter { !Self.allowedCycles.contains($0) }
    print("RoadEngine: \(uses.edges.count) files, cycles: \(cycles.map { $0.sorted() })")
    #expect(cycles.isEmpty)
  }

  /// The scan itself works: a use that is there is seen, and a circle is found.
  @Test func theScanFindsUses() throws {
    let uses = try FileUses(FileUses.packageRoot.appending(path: "Sources/RoadEngine"))
    #expect(uses.edges["Operators/Convolution.swift"]?.contains("Lowering/ConvolutionProducer.swift") == true)
    #expect(FileUses(edges: ["a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]]).cycles == [["a", "b", "c"]])
  }
}

/// Which files of a folder use names that which others declare at file scope: types, constants and functions.
struct FileUses {
  let edges: [String: Set<String>]

  init(edges: [String: Set<String>]) { self.edges = edges }

  init(_ root: URL) throws {
    var texts: [String: String] = [:]
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      texts[String(file.path.dropFirst(root.path.count + 1))] =
        text.replacing(/\/\/[^\n]*/, with: "").replacing(/"(?:\\.|[^"\\\n])*"/, with: "")
    }
    let declaration =
      /(?m)^(?:(?:public|package|internal|final|indirect) +)*(?:struct|class|enum|protocol|typealias|let|func) +(\w+)/
    var declared: [String: Set<String>] = [:]
    for (file, text) in texts {
      for match in text.matches(of: declaration) { declared[String(match.1), default: []].insert(file) }
    }
    var edges: [String: Set<String>] = [:]
    for (file, text) in texts {
      var used: Set<String> = []
      for word in Set(text.matches(of: /\w+/).map({ String($0.output) })) {
        if let files = declared[word], files.count == 1 { used.formUnion(files) }
      }
      edges[file] = used.subtracting([file])
    }
    self.edges = edges
  }

  static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func folder(of file: String) -> String { file.split(separator: "/").dropLast().joined(separator: "/") }

  /// Sets of more than one file of which each reaches all others.
  var cycles: [Set<String>] {
    let reached = edges.keys.reduce(into: [String: Set<String>]()) { $0[$1] = reachable(from: $1) }
    let circles = reached.map { file, others in
      Set(others.filter { reached[$0]?.contains(file) == true }).union([file])
    }
    return Array(Set(circles.filter { $0.count > 1 }))
  }

  private func reachable(from file: String) -> Set<String> {
    var (found, open) = (Set<String>(), [file])
    while let next = open.popLast() {
      for other in edges[next] ?? [] where found.insert(other).inserted { open.append(other) }
    }
    return found
  }
}
