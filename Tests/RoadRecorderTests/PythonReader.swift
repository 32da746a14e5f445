import Foundation
import RoadTestSupport
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
    let python = Programs.python(with: "recordings")
    if python == nil { print("PyPI's mcap cannot be installed here: its tests are skipped") }
    return python
  }()

  static var isThere: Bool { python != nil }

  /// Each file read and checked; a failed check is this test's failure.
  static func read(_ paths: [String]) throws -> [PythonReader] {
    let python = try #require(python)
    let (status, output) = Programs.run(python, ["\(folder)/read_recording.py"] + paths)
    try #require(status == 0, "read_recording.py: \(output)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try output.split(separator: "\n").map { try decoder.decode(PythonReader.self, from: Data($0.utf8)) }
  }
}
