import Foundation

/// A folder of results that somebody else's program computed: for each case `CASE.onnx`, `CASE.expected` and a line
/// `CASE <tab> HASH` of `inputs.tsv`. Inputs lie once for all cases that share them, as `inputs/HASH.rgb` beside
/// `Goldens`' folders.
public struct GoldenFolder: Sendable {
  private let folder: URL
  private let inputs: URL

  /// `name` is a folder within the `Goldens` beside the test that asks ("" for itself).
  public init(_ name: String = "", besideFile file: String = #filePath) {
    inputs = URL(filePath: file).deletingLastPathComponent().appending(path: "Goldens")
    folder = name.isEmpty ? inputs : inputs.appending(path: name)
  }

  /// Every case, sorted.
  public func cases() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".onnx") }
      .map { String($0.dropLast(5)) }.sorted()
  }

  public func model(_ name: String) -> String { folder.appending(path: "\(name).onnx").path }

  public func expected(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: folder.appending(path: "\(name).expected")))
  }

  /// What the case reads: RGB bytes, HWC.
  public func input(_ name: String) throws -> [UInt8] {
    let table = try String(contentsOf: folder.appending(path: "inputs.tsv"), encoding: .utf8)
    for line in table.split(separator: "\n") {
      let fields = line.split(separator: "\t")
      guard fields.count == 2, fields[0] == name else { continue }
      return try Array(Data(contentsOf: inputs.appending(path: "inputs/\(fields[1]).rgb")))
    }
    throw GoldenError(description: "\(folder.path)/inputs.tsv has no line for '\(name)'")
  }
}

struct GoldenError: Error, CustomStringConvertible {
  let description: String
}
