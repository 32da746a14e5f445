import Foundation
import RoadBase
import Yams

/// YAML → ``Profile``. Whatever is not known or does not fit is refused with file and line.
public enum ProfileReader {
  /// A profile is a page, not a book.
  static let largestFile = 64 << 10

  public static func read(path: String) throws(RoadError) -> Profile {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw RoadError(.profile, "\(path): cannot be read", remedy: "give a profile that is there: roadseg config list")
    }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: largestFile + 1) else {
      throw RoadError(.profile, "\(path): cannot be read", remedy: "give a YAML file, not a folder")
    }
    guard data.count <= largestFile else {
      throw RoadError(.profile, "\(path): is larger than \(largestFile >> 10) KiB", remedy: "give a profile")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw RoadError(.profile, "\(path): is not UTF-8 text", remedy: "give a YAML file")
    }
    return try read(text, name: path)
  }

  /// - Parameter name: of the file, for messages.
  public static func read(_ text: String, name: String) throws(RoadError) -> Profile {
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      let reason = "\(error)".split(separator: "\n").prefix(1).joined()
      throw RoadError(.profile, "\(name): is not YAML: \(reason)", remedy: "mend the file")
    }
    guard case .mapping(let mapping)? = node else {
      throw RoadError(.profile, "\(name): has no keys", remedy: "begin with camera:, network:, live: or record:")
    }
    var file = File(name: name)
    for (key, value) in mapping { try file.section(key, value) }
    return file.profile
  }

  /// The profile as it fills, and the file's name for messages.
  private struct File {
    let name: String
    var profile = Profile()

    func refuse(_ node: Node, _ cause: String, _ remedy: String) -> RoadError {
      RoadError(.profile, "\(name)\(node.mark.map { ":\($0.line)" } ?? ""): \(cause)", remedy: remedy)
    }

    mutating func section(_ key: Node, _ value: Node) throws(RoadError) {
      let word = key.scalar?.string ?? ""
      if word == "about" {
        guard let text = value.scalar?.string else { throw refuse(value, "about takes text", "write it in one line") }
        profile.about = text
        return
      }
      guard let section = ProfileKey.Section(rawValue: word) else {
        let known = ["about"] + ProfileKey.Section.allCases.map(\.rawValue)
        throw refuse(key, "unknown key '\(word)'", NearestName.advice(word, among: known))
      }
      guard case .mapping(let entries) = value else {
        throw refuse(value, "\(word) takes keys", "indent them below it, one a line")
      }
      let keys = ProfileKey.all.filter { $0.section == section }
      for (entry, setting) in entries {
        let name = entry.scalar?.string ?? ""
        guard let known = keys.first(where: { $0.name == name }) else {
          throw refuse(entry, "unknown key '\(word).\(name)'", NearestName.advice(name, among: keys.map(\.name)))
        }
        profile.values[known] = try values(of: setting, known)
      }
    }

    private func values(of node: Node, _ key: ProfileKey) throws(RoadError) -> [String] {
      let texts: [String]
      switch (node, key.kind) {
      case (.scalar(let scalar), _): texts = [scalar.string]
      // What is no text in a list is none that a key takes.
      case (.sequence(let list), let kind) where kind.isList: texts = list.map { $0.scalar?.string ?? "" }
      default: throw refuse(node, "\(key.path) takes \(key.kind.words)", "write it behind the colon")
      }
      guard !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty && key.kind.allows($0) }) else {
        throw refuse(node, "\(key.path): '\(texts.joined(separator: ", "))'", "it takes \(key.kind.words)")
      }
      return texts
    }
  }
}
