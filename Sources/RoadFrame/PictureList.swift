import Foundation
import RoadBase

/// List files as people and spreadsheets write them: one entry a line; a byte order mark, blank lines, Windows line
/// ends and lines that begin with `#` do not count; relative paths are relative to the list's own folder.
public struct PictureList {
  public struct Line {
    /// Counts from 1.
    public var number: Int
    public var text: String
  }

  public let lines: [Line]
  /// With a slash at the end, or empty.
  private let folder: String

  /// - Throws: of the subject given, where the file cannot be read as text.
  public init(path: String, as subject: RoadError.Subject) throws(RoadError) {
    let bytes = try FileInput.read(path, as: subject, limit: 1 << 26)
    guard let text = Self.text(bytes) else {
      throw RoadError(subject, "\(path): is not text", remedy: "a list is a text file in UTF-8 with one entry a line")
    }
    folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { Line(number: $0.offset + 1, text: $0.element.trimmingCharacters(in: .whitespaces)) }
      .filter { !$0.text.isEmpty && !$0.text.hasPrefix("#") }
  }

  private static func text(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return String(validating: bytes.dropFirst(3), as: UTF8.self) }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      return String(data: Data(bytes), encoding: .utf16)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The one file that a line names: the whole line if there is such a file, else its first field.
  public func file(of line: Line) -> String {
    let whole = path(Self.unquoted(line.text))
    if exists(whole) { return whole }
    return fields(of: line).first ?? whole
  }

  /// The files that a line names, separated by tabs, commas, semicolons or blanks. Names may hold blanks and commas
  /// where another separator, quotes, or what files there are make the meaning plain.
  ///
  /// - Parameter wanted: how many there should be; nil for any number.
  public func fields(of line: Line, wanted: Int? = nil) -> [String] {
    if line.text.contains("\"") { return Self.quotedFields(line.text).map(path) }
    for separator: Character in ["\t", ",", ";"] where line.text.contains(separator) {
      let parts = line.text.split(separator: separator).map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty }
      if parts.count > 1, wanted == nil || parts.count == wanted || exists(path(parts[0])) { return parts.map(path) }
    }
    let words = line.text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard wanted == 2, words.count > 2 else { return words.map(path) }
    // Blanks in the names: where the line must be cut, the files tell.
    for blank in line.text.indices where line.text[blank].isWhitespace {
      let parts = [line.text[..<blank], line.text[blank...]].map { path($0.trimmingCharacters(in: .whitespaces)) }
      if parts.allSatisfy(exists) { return parts }
    }
    return words.map(path)
  }

  private func path(_ name: String) -> String { name.hasPrefix("/") ? name : folder + name }

  private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private static func unquoted(_ text: String) -> String {
    text.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
  }

  /// `"a b.jpg", "c.png"`: what stands in quotes, and what stands between separators outside them.
  private static func quotedFields(_ text: String) -> [String] {
    var fields: [String] = []
    var current = ""
    var isQuoted = false
    for character in text + " " {
      if character == "\"" {
        isQuoted.toggle()
      } else if !isQuoted, character.isWhitespace || character == "," || character == ";" {
        if !current.isEmpty { fields.append(current) }
        current = ""
      } else {
        current.append(character)
      }
    }
    return fields
  }
}
