import Foundation
import RoadBase

/// The file that keeps the car's own parts of one camera from run to run: a text of polygons, see ``OwnParts``.
public struct OwnPartsFile: Hashable, Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// The file of a camera in the folder of such files; two cameras never share one.
  ///
  /// - Parameter camera: what stays the same of it, whatever its letters.
  public init(camera: String, folder: String = OwnPartsFile.usualFolder()) {
    let letters = camera.prefix(80).map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }
    let words = String(letters).split(separator: "-").joined(separator: "-")
    // Names that differ in other letters alone differ in this.
    let hash = SHA256.hexadecimal(Array(camera.utf8)).prefix(8)
    path = "\(folder)/\(words)-\(hash).txt"
  }

  /// Where systemd, or else the user, wants what is to last: `$STATE_DIRECTORY`, `$XDG_STATE_HOME/roadseg` or
  /// `~/.local/state/roadseg`, in `own-parts`.
  public static func usualFolder(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let own = variable("STATE_DIRECTORY") { return "\(own.prefix { $0 != ":" })/own-parts" }
    if let state = variable("XDG_STATE_HOME") { return "\(state)/roadseg/own-parts" }
    return "\(variable("HOME") ?? NSTemporaryDirectory())/.local/state/roadseg/own-parts"
  }

  public var isThere: Bool { FileManager.default.fileExists(atPath: path) }

  /// - Returns: nil where the file is not there, or tells of no polygon: the whole picture counts.
  /// - Throws: `.option` for one that is no text of polygons.
  public func load() throws(RoadError) -> OwnParts? {
    guard isThere else { return nil }
    return try OwnParts.ofFile(path)
  }

  /// Writes the whole file or nothing, its folder among it.
  ///
  /// - Parameters:
  ///   - parts: nil where the whole picture counts.
  ///   - remark: one line on where they come from.
  /// - Throws: `.output` where it cannot be written; an older file is then untouched.
  public func save(_ parts: OwnParts?, remark: String) throws(RoadError) {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    try FileOutput.makeFolder(folder)
    try FileOutput.write(Self.text(parts, remark: remark), to: path, durable: true)
  }

  /// A polygon a line below the remark.
  public static func text(_ parts: OwnParts?, remark: String) -> String {
    let head = "# \(remark)\n"
    guard let parts else { return head + "# nothing\n" }
    return head + parts.text.split(separator: ";").map { $0.drop { $0 == " " } + "\n" }.joined()
  }
}
