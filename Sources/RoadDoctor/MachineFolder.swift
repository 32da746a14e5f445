import Foundation

/// The files of the kernel, below a root of its own in tests.
public struct MachineFolder: Sendable {
  let root: String
  package var path: String { root }

  public init(root: String = "") { self.root = root }

  /// Trimmed; nil where it is not there.
  func text(_ path: String) -> String? {
    (try? String(contentsOfFile: root + path, encoding: .utf8))?
      .trimmingCharacters(in: CharacterSet.whitespacesAndNewlines.union(CharacterSet(charactersIn: "\0")))
  }

  func number(_ path: String) -> Double? { text(path).flatMap(Double.init) }

  func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root + folder)) ?? []).sorted()
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + path) }

  /// The folder that a link leads to, within the root.
  func resolved(_ path: String) -> String {
    let real = URL(filePath: root + path).resolvingSymlinksInPath().path
    return real.hasPrefix(root) ? String(real.dropFirst(root.count)) : real
  }
}
