import Foundation
import RoadBase
import RoadFrame

/// Profiles on disk: one JSON object, keys in snake case.
public enum ProfileFile {
  public static func json(_ profile: FrameProfile) throws(RoadError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      return String(decoding: try encoder.encode(profile), as: UTF8.self)
    } catch {
      throw RoadError(.profile, "the profile cannot be written as JSON: \(error)")
    }
  }

  public static func write(_ profile: FrameProfile, to path: String) throws(RoadError) {
    try FileOutput.write(json(profile) + "\n", to: path)
  }

  /// - Throws: a profile error when the file is none that `roadseg profile --json` printed.
  public static func read(_ path: String) throws(RoadError) -> FrameProfile {
    let bytes = try FileInput.read(path, as: .profile, limit: 1 << 26)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      let profile = try decoder.decode(FrameProfile.self, from: Data(bytes))
      guard profile.formatVersion == FrameProfile.formatVersion else {
        throw RoadError(
          .profile, "\(path): is a profile of format \(profile.formatVersion), not \(FrameProfile.formatVersion)",
          remedy: "measure again with this version")
      }
      return profile
    } catch let error as RoadError {
      throw error
    } catch {
      throw RoadError(
        .profile, "\(path): is no profile: \(reason(error))", remedy: "make one with roadseg profile --json > FILE")
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "it has no '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "it is not JSON of an object"
        : "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' has the wrong type"
    default: "\(error)"
    }
  }
}
