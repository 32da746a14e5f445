import Foundation
import RoadBase

/// A small table in a text file: tab-separated, one header line, `#` starts a comment line. Strict: every row has as
/// many fields as the header. Errors name the file and the line.
struct TableFile {
  struct Row {
    /// Counts from 1.
    var line: Int
    var fields: [Substring]
  }

  /// A megabyte: thousands of classes; whatever is longer is not a table of classes.
  static let maximumBytes = 1 << 20

  let name: String
  let subject: RoadError.Subject
  private(set) var rows: [Row] = []
  /// The header's fields.
  private(set) var columns: [String] = []

  /// - Parameters:
  ///   - name: of the file, for errors.
  ///   - required: the first columns of the header, in order. Further columns are for people.
  init(_ text: String, name: String, subject: RoadError.Subject, required: [String]) throws(RoadError) {
    self.name = name
    self.subject = subject
    guard text.utf8.count <= Self.maximumBytes else {
      throw RoadError(
        subject, "\(name): more than \(Self.maximumBytes) bytes", remedy: "this is not a table of classes")
    }
    var line = 0
    for content in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
      line += 1
      if content.isEmpty || content.hasPrefix("#") && !Self.startsWithColour(content) { continue }
      let fields = content.split(separator: "\t", omittingEmptySubsequences: false)
      if columns.isEmpty {
        guard fields.count >= required.count, zip(fields, required).allSatisfy({ $0 == $1 }) else {
          throw RoadError(
            subject, "\(name):\(line): the header is '\(content)'",
            remedy: "it starts with '\(required.joined(separator: "<tab>"))', separated by tabs")
        }
        columns = fields.map(String.init)
      } else {
        guard fields.count == columns.count else {
          throw RoadError(
            subject, "\(name):\(line): \(fields.count) fields, the header has \(columns.count)",
            remedy: "separate the fields by single tabs")
        }
        rows.append(Row(line: line, fields: fields))
      }
    }
    guard !rows.isEmpty else {
      throw RoadError(
        subject, "\(name): no rows", remedy: "the table has a header line and then one row a class")
    }
  }

  /// "#804080" and a tab: a row whose first field is a colour, no comment.
  private static func startsWithColour(_ line: Substring) -> Bool {
    guard let tab = line.firstIndex(of: "\t") else { return false }
    let digits = line[..<tab].dropFirst()
    return digits.count == 6 && digits.allSatisfy(\.isHexDigit)
  }

  static func text(of path: String, subject: RoadError.Subject) throws(RoadError) -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw RoadError(subject, "\(path): cannot be opened", remedy: "check that the file is there and readable")
    }
    defer { try? handle.close() }
    let bytes: Data?
    do {
      bytes = try handle.read(upToCount: maximumBytes + 1)
    } catch {
      throw RoadError(subject, "\(path): cannot be read", remedy: "check that it is a file and readable")
    }
    guard let text = String(validating: bytes ?? Data(), as: UTF8.self) else {
      throw RoadError(subject, "\(path): not UTF-8 text", remedy: "give a tab-separated text file")
    }
    return text
  }

  func error(_ row: Row, _ cause: String, remedy: String) -> RoadError {
    RoadError(subject, "\(name):\(row.line): \(cause)", remedy: remedy)
  }

  /// The field as a byte within `range`.
  func byte(_ row: Row, _ column: Int, _ what: String, in range: ClosedRange<Int>) throws(RoadError) -> UInt8 {
    guard let value = Int(row.fields[column]), range.contains(value) else {
      throw error(row, "\(what) '\(row.fields[column])'", remedy: "it is a whole number in \(range)")
    }
    return UInt8(value)
  }
}
