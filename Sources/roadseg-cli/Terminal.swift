import Foundation
import Glibc
import RoadBase

/// Results go to standard output, everything else to standard error.
enum Terminal {
  /// A line for people, on standard error.
  static func say(_ line: String) { write(line + "\n") }

  /// The same where nobody may be kept waiting.
  static func sayAtOnce(_ line: String) {
    var errors = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    if poll(&errors, 1, 0) > 0 { write(line + "\n") }
  }

  /// There is nobody to tell if that fails.
  private static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if written > 0 { rest = rest.dropFirst(written) } else if errno != EINTR { return }
    }
  }

  /// A result that readers of a pipe get at once.
  static func printLine(_ text: String) {
    StandardOutput.isTaken.load(ordering: .relaxed) ? say(text) : StandardOutput.write(text + "\n")
  }

  /// A result as one JSON object on one line: keys in snake case, sorted; numbers that JSON cannot hold as strings.
  static func printJSON(_ value: some Encodable) throws { printLine(try json(value)) }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// How far a command is, how fast, and how long it will still take, on standard error: a bar that redraws itself on a
  /// terminal, else a line every ten seconds.
  final class ProgressBar {
    private let title: String
    private let total: Int?
    private let isTerminal: Bool
    private let interval: UInt64
    private let start = MonotonicClock.now()
    private var lastLine = MonotonicClock.now()
    private var isOpen = false

    /// - Parameter total: nil where it is not known beforehand.
    init(_ title: String, total: Int?) {
      self.title = title
      self.total = total
      isTerminal = isatty(STDERR_FILENO) == 1
      interval = isTerminal ? 100_000_000 : 10_000_000_000
    }

    func update(_ done: Int) {
      let now = MonotonicClock.now()
      let isDone = total.map { done >= $0 } ?? false
      guard total ?? 1 > 0, now - lastLine >= interval || isTerminal && (isDone || !isOpen) else { return }
      lastLine = now
      let rate = now > start ? Double(done) / (Double(now - start) / 1e9) : 0
      let text = Self.text(done: done, total: total, rate: rate)
      guard isTerminal else { return Terminal.say("roadseg: \(title) \(text)") }
      isOpen = !isDone
      let bar = total.map { "[\(Self.bar(done, $0))] " } ?? ""
      // Erases what a longer line before it has left.
      FileHandle.standardError.write(Data("\r\(title) \(bar)\(text)\u{1B}[K\(isDone ? "\n" : "")".utf8))
    }

    /// Ends the line of a bar that did not come to its end.
    func finish() {
      if isOpen { FileHandle.standardError.write(Data("\n".utf8)) }
      isOpen = false
    }

    private static func bar(_ done: Int, _ total: Int) -> String {
      let width = 30
      let filled = min(done * width / total, width)
      return String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    }

    /// "120/400, 25.3 a second, 0:11 left"
    static func text(done: Int, total: Int?, rate: Double) -> String {
      var parts = [total.map { "\(done)/\($0)" } ?? "\(done)"]
      if rate > 0 { parts.append("\(Format.fixed(rate, rate < 10 ? 2 : 1)) a second") }
      if let total, rate > 0, done < total {
        let left = min(Double(total - done) / rate, 359_999)
        parts.append("\(duration(Int(left.rounded(.up)))) left")
      }
      return parts.joined(separator: ", ")
    }

    /// "0:11", "1:02:03"
    private static func duration(_ seconds: Int) -> String {
      let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
      return hours > 0
        ? String(format: "%d:%02d:%02d", hours, minutes, seconds % 60)
        : String(format: "%d:%02d", minutes, seconds % 60)
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
