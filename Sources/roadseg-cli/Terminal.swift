import Foundation
import Glibc

/// Results go to standard output, everything else to standard error.
enum Terminal {
  /// A line for people, on standard error.
  static func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

  /// A result that readers of a pipe get at once.
  static func printLine(_ text: String) {
    print(text)
    fflush(nil)
  }

  /// A result as one JSON object on one line: keys in snake case, sorted; numbers that JSON cannot hold as strings.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    printLine(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// A bar that redraws itself on standard error; nothing when that is no terminal.
  struct ProgressBar {
    let title: String
    let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(_ title: String, total: Int) {
      self.title = title
      self.total = total
    }

    func update(_ done: Int) {
      guard isTerminal, total > 0 else { return }
      let width = 30
      let filled = min(done * width / total, width)
      let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
      let end = done >= total ? "\n" : ""
      FileHandle.standardError.write(Data("\r\(title) [\(bar)] \(done)/\(total)\(end)".utf8))
    }
  }
}

/// Numbers for people.
enum Format {
  static func fixed(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
  static func percent(_ share: Double?) -> String { share.map { String(format: "%.1f %%", 100 * $0) } ?? "-" }

  /// Columns padded to the widest cell; the first is aligned left, the others right.
  static func table(_ rows: [[String]]) -> String {
    guard let first = rows.first else { return "" }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + gap : gap + cell
      }.joined(separator: "  ").replacing(/\s+$/, with: "")
    }.joined(separator: "\n")
  }
}
