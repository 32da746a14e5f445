import Foundation
import Testing

/// Data flows one way: a module imports only what the table of the design notes allows it.
@Suite struct ImportTests {
  /// Module → the project's own modules that it may import.
  static let allowed: [String: Set<String>] = [
    "RoadBase": [],
    "RoadTelemetry": ["RoadBase"],
    "RoadKernelContract": ["RoadBase"],
    "zKernelsAMX": ["RoadKernelContract", "CVectorUnit"],
    "zKernelsAVX2": ["RoadKernelContract", "CVectorUnit"],
    "zKernelsAVX512VNNI": ["RoadKernelContract", "CVectorUnit"],
    "zKernelsAVXVNNI": ["RoadKernelContract", "CVectorUnit"],
    "RoadKernels": [
      "RoadBase", "RoadKernelContract", "CVectorUnit", "zKernelsAMX", "zKernelsAVX2", "zKernelsAVX512VNNI",
      "zKernelsAVXVNNI",
    ],
    "RoadModel": ["RoadBase"],
    "RoadFloat": ["RoadBase", "RoadModel"],
    "RoadEngine": ["RoadBase", "RoadKernelContract", "RoadKernels", "RoadModel", "RoadTelemetry"],
    "RoadQuantizer": ["RoadBase", "RoadModel", "RoadFloat", "RoadEngine"],
    "RoadFrame": ["RoadBase", "RoadKernels", "RoadKernelContract", "CJPEG", "CPNG"],
    "RoadCamera": ["RoadBase", "RoadFrame", "RoadMask", "RoadTelemetry", "CVideoDevice"],
    "RoadMask": ["RoadBase", "RoadKernels", "RoadKernelContract"],
    "RoadOverlay": ["RoadBase", "RoadFrame", "RoadKernels", "RoadKernelContract", "RoadMask"],
    "RoadEvaluation": [
      "RoadBase", "RoadEngine", "RoadFloat", "RoadFrame", "RoadMask", "RoadModel", "RoadPipeline",
    ],
    "RoadProfiler": [
      "RoadBase", "RoadEngine", "RoadFrame", "RoadMask", "RoadOverlay", "RoadPipeline", "RoadTelemetry",
      "CPerformanceCounters",
    ],
    "RoadSink": ["RoadBase", "RoadFrame", "RoadMask", "RoadTelemetry"],
    "RoadPipeline": [
      "RoadBase", "RoadCamera", "RoadEngine", "RoadFrame", "RoadKernels", "RoadMask", "RoadModel", "RoadOverlay",
      "RoadSink", "RoadTelemetry", "RoadKernelContract",
    ],
  ]

  static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test(arguments: allowed.keys.sorted())
  func importsOnlyWhatTheTableAllows(module: String) throws {
    let allowed = try #require(Self.allowed[module])
    for (file, imported) in try Self.imports(of: module) where imported != module {
      let isOurs = imported.hasPrefix("Road") || imported.hasPrefix("zKernels") || Self.shims.contains(imported)
      #expect(!isOurs || allowed.contains(imported), "\(file) imports \(imported)")
    }
  }

  @Test func everyModuleIsInTheTable() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.packageRoot.path + "/Sources")
    let free: Set = ["RoadSeg", "roadseg-cli"]
    for folder in folders where !Self.shims.contains(folder) && !free.contains(folder) {
      #expect(Self.allowed[folder] != nil, "Sources/\(folder) is not in the table")
    }
  }

  /// The scan itself works: a module known to import is seen to.
  @Test func theScanFindsImports() throws {
    #expect(try Self.imports(of: "RoadModel").contains { $0.imported == "RoadBase" })
  }

  static let shims: Set = ["CVideoDevice", "CJPEG", "CPNG", "CPerformanceCounters", "CVectorUnit"]

  /// Each Swift file of the module and each module it imports.
  static func imports(of module: String) throws -> [(file: String, imported: String)] {
    let folder = packageRoot.appending(path: "Sources/\(module)")
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
