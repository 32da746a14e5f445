import Glibc

/// One entry of a service's log.
public struct LogEntry: Hashable, Sendable {
  /// By the numbers of syslog(3).
  public enum Level: Int, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
  }

  public var level: Level
  public var message: String
  /// What programs search by.
  public var fields: [String: String]

  public init(_ level: Level, _ message: String, fields: [String: String] = [:]) {
    self.level = level
    self.message = message
    self.fields = fields
  }
}

/// Where log entries go. (The swift-log package needs Swift 6.2; Debian 13 has 6.0.)
public protocol LogWriter: Sendable {
  func write(_ entry: LogEntry)
}

/// Chooses where entries go: to the journal when systemd started the service, else to standard error.
public enum ServiceLog {
  /// - Parameter environment: systemd sets `JOURNAL_STREAM` for what it starts (systemd.exec(5)).
  public static func writer(environment: [String: String]) -> any LogWriter {
    if environment["JOURNAL_STREAM"] != nil, let journal = JournalLog(label: "roadseg") { return journal }
    return PlainLog()
  }
}

/// `roadseg: message` on standard error, as the rest of the command says things.
struct PlainLog: LogWriter {
  func write(_ entry: LogEntry) {
    var rest = Array("roadseg: \(entry.message)\n".utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      // There is nobody to tell if that fails.
      if written > 0 { rest = rest.dropFirst(written) } else if errno != EINTR { return }
    }
  }
}
