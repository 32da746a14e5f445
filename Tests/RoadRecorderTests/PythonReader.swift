import Foundation
import Testing

/// Recordings as PyPI's `mcap` reads them.
struct PythonReader: Decodable {
  struct Image: Decodable {
    var sequence: Int
    var publishTime: UInt64
    var format: String?
    var encoding: String?
    var size: [Int]
    var crc: UInt32
    var mode: String?
    var classes: UInt32?
  }

  struct Frame: Decodable {
    var ordinal: Int
    var fate: String
    var count: Int
    var maskHash: String?
    var roadShare: Double?
  }

  var path: String
  var messages: [String: Int]
  var chunks: Int
  var compressions: [String]
  var metadata: [String: [String: String]]
  var attachments: [String: Int]
  var schemas: [String]
  var frames: [Frame]
  var images: [Image]
  var masks: [Image]
  var log: [String]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().path

  /// The interpreter; nil, with the reason on the terminal, where the packages cannot be had.
  static let python: String? = {
    let (status, output) = run("\(folder)/set_up_python", [])
    guard status == 0 else {
      print("PyPI's mcap cannot be installed here: its tests are skipped")
      return nil
    }
    return output.trimmingCharacters(in: .whitespacesAndNewlines)
  }()

  static var isThere: Bool { python != nil }

  /// Each file read and checked; a failed check is this test's failure.
  static func read(_ paths: [String]) throws -> [PythonReader] {
    let python = try #require(python)
    let (status, output) = run(python, ["\(folder)/read_recording.py"] + paths)
    try #require(status == 0, "read_recording.py: \(output)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try output.split(separator: "\n").map { try decoder.decode(PythonReader.self, from: Data($0.utf8)) }
  }

  static func run(_ program: String, _ arguments: [String]) -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return (-1, "") }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
