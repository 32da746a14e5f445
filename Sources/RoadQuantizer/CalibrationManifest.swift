import Foundation
import RoadBase
import RoadModel

/// Which pictures an int8 model was calibrated on, by content: written into the model, so that an evaluation can refuse
/// pictures that the model has seen.
public struct CalibrationManifest: Hashable, Sendable, Codable {
  /// The metadata key under which a model carries its manifest, as JSON.
  public static let metadataKey = "roadseg.calibration"

  public struct Picture: Hashable, Sendable, Codable {
    /// File name without its folders.
    public var name: String
    /// SHA-256 of the file's bytes, hexadecimal.
    public var sha256: String
  }

  public private(set) var pictures: [Picture] = []

  public init() {}

  /// - Parameters:
  ///   - file: name or path; only its last component is kept.
  ///   - bytes: the file's content as it lies on the disk.
  public mutating func add(file: String, bytes: [UInt8]) {
    pictures.append(Picture(name: String(file.split(separator: "/").last ?? ""), sha256: SHA256.hexadecimal(bytes)))
  }

  /// Equal manifests give equal text.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings and arrays of strings always encode.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

extension CalibrationManifest {
  /// The manifest that a model carries; nil where it has none.
  ///
  /// - Throws: a `RoadError` when the metadata holds something else under that key.
  public init?(of graph: ModelGraph) throws(RoadError) {
    guard let text = graph.metadata[Self.metadataKey] else { return nil }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    } catch {
      throw RoadError(
        .model, "the model's metadata '\(Self.metadataKey)' is not a calibration manifest",
        remedy: "quantize the model again")
    }
  }

  /// Pictures of the manifest among files to evaluate on, by content.
  public func overlap(with digests: some Sequence<String>) -> [Picture] {
    let seen = Set(digests)
    return pictures.filter { seen.contains($0.sha256) }
  }

  /// The digest that ``overlap(with:)`` compares.
  public static func digest(_ bytes: [UInt8]) -> String { SHA256.hexadecimal(bytes) }
}
