import Foundation
import Testing

/// The built `roadseg`, run as users run it.
struct Roadseg {
  var status: Int32
  var output: String
  var errors: String

  var outputLines: [String] { output.split(separator: "\n").map(String.init) }
  /// What was said on standard error, without the notes of a debug runtime.
  var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

  static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  static let binary = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "roadseg")
    .path
  /// A small int8 network whose scores are compared with ONNX Runtime's elsewhere; what it sees is of no matter here.
  static let model = golden("RoadEngineTests/Goldens/whole-int8.onnx")

  static func golden(_ path: String) -> String { tests.appending(path: path).path }

  /// - Parameter input: standard input; nil for none.
  static func run(_ arguments: [String], input: Data? = nil, environment: [String: String] = [:]) throws -> Roadseg {
    try run(program: binary, arguments, input: input, environment: environment)
  }

  static func run(
    program: String, _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
  ) throws -> Roadseg {
    try withFolder { folder in
      // Files, not pipes: nobody has to read while the process runs.
      for name in ["in", "out", "err"] {
        try #require(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: name == "in" ? input : nil))
      }
      let process = Process()
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
      process.environment = ProcessInfo.processInfo.environment.merging(["COLUMNS": "100"]) { $1 }
        .merging(environment) { $1 }
      process.standardInput = try FileHandle(forReadingFrom: URL(filePath: "\(folder)/in"))
      process.standardOutput = try FileHandle(forWritingTo: URL(filePath: "\(folder)/out"))
      process.standardError = try FileHandle(forWritingTo: URL(filePath: "\(folder)/err"))
      try process.run()
      process.waitUntilExit()
      return Roadseg(
        status: process.terminationStatus, output: try String(contentsOfFile: "\(folder)/out", encoding: .utf8),
        errors: try String(contentsOfFile: "\(folder)/err", encoding: .utf8))
    }
  }
}

/// A folder that is gone when the test is over.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "roadseg-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// All files below a folder, relative to it, sorted.
func files(below folder: String) -> [String] {
  (FileManager.default.subpaths(atPath: folder) ?? []).filter { path in
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder) && !isFolder.boolValue
  }.sorted()
}

/// Text that must not change unnoticed: users read it and programs parse it.
///
/// `ROADSEG_RECORD=1 swift test -c release --filter CommandLineTests` writes the snapshots anew; then read the diff.
func expectSnapshot(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let path = Roadseg.golden("CommandLineTests/Snapshots/\(name)")
  if ProcessInfo.processInfo.environment["ROADSEG_RECORD"] != nil {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
  let wanted = try String(contentsOfFile: path, encoding: .utf8)
  #expect(text == wanted, "\(name) has changed", sourceLocation: sourceLocation)
}

/// The shape of a JSON text: keys and strings as they are, each number, null and truth value as "#", and what differs
/// by the machine, the day and the checkout.
func shape(of json: String) throws -> String {
  let varying: Set = ["instruction_set", "source", "time", "version"]
  func masked(_ value: Any) -> Any {
    switch value {
    case let object as [String: Any]:
      object.reduce(into: [String: Any]()) { $0[$1.key] = varying.contains($1.key) ? "#" : masked($1.value) }
    case let list as [Any]: list.map(masked)
    case let text as String: text
    default: "#"
    }
  }
  let value = masked(try JSONSerialization.jsonObject(with: Data(json.utf8)))
  let data = try JSONSerialization.data(
    withJSONObject: value, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  return String(decoding: data, as: UTF8.self) + "\n"
}
