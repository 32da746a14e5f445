import RoadProfiles
import RoadTelemetry

/// Profiles as text for people and as JSON for programs.
enum BoardProfileText {
  /// YAML with a comment above each key: the profile's own keys, or, of none, every key, commented out.
  static func annotated(_ profile: Profile?) -> String {
    var lines: [String] = []
    if let about = profile?.about, !about.isEmpty { lines.append("about: \(scalar(about))") }
    for section in ProfileKey.Section.allCases {
      let keys = (profile?.keys ?? ProfileKey.all).filter { $0.section == section }
      guard !keys.isEmpty else { continue }
      lines += ["\(section.rawValue):"]
      for key in keys {
        lines.append("  # \(key.explanation)")
        if let values = profile?.values[key] {
          lines.append("  \(key.name): \(yaml(values, key))")
        } else {
          lines.append("  # \(key.name): (\(key.kind.words))")
        }
      }
    }
    return lines.joined(separator: "\n")
  }

  static func value(_ values: [String]?) -> String { values?.joined(separator: ", ") ?? "(default)" }

  private static func yaml(_ values: [String], _ key: ProfileKey) -> String {
    if key.kind.isList, values.count > 1 || key.kind != .texts {
      return "[\(values.map(scalar).joined(separator: ", "))]"
    }
    return scalar(values.joined())
  }

  /// Plain where that can only be read as one text, else in double quotes: `Any box: what` would be a key.
  private static func scalar(_ text: String) -> String {
    let needsNoQuotes = text.allSatisfy { $0.isLetter || $0.isNumber || " ./_-+".contains($0) }
    if needsNoQuotes, let first = text.first, first.isLetter || first.isNumber || first == "/", text.last != " " {
      return text
    }
    let escaped = text.unicodeScalars.map { character in
      switch character {
      case "\"", "\\": "\\\(character)"
      case "\u{0}"..<" ": "\\x" + (character.value < 16 ? "0" : "") + String(character.value, radix: 16)
      default: String(character)
      }
    }
    return "\"\(escaped.joined())\""
  }
}

struct ProfileJSON: Encodable {
  let profile: String
  let about: String
  let keys: [String: [String]]

  init(_ name: String, _ profile: Profile) {
    self.profile = name
    about = profile.about
    keys = Dictionary(uniqueKeysWithValues: profile.values.map { ($0.key.path, $0.value) })
  }
}

struct DifferencesJSON: Encodable {
  struct Sides: Encodable {
    @Nullable var left: [String]?
    @Nullable var right: [String]?
  }

  let differences: [String: Sides]

  init(_ list: [ProfileDifference]) {
    differences = Dictionary(
      uniqueKeysWithValues: list.map { ($0.key.path, Sides(left: $0.left, right: $0.right)) })
  }
}
