import Foundation
import Logging

/// Where log entries go: to the journal when systemd started the service, else to standard error.
public enum ServiceLog {
  /// - Parameter environment: systemd sets `JOURNAL_STREAM` for what it starts (systemd.exec(5)).
  public static func logger(environment: [String: String] = ProcessInfo.processInfo.environment) -> Logger {
    Logger(label: "roadseg") { label in
      if environment["JOURNAL_STREAM"] != nil, let journal = JournalLogHandler(label: label) { return journal }
      return PlainLogHandler()
    }
  }
}

/// `roadseg: message` on standard error, as the rest of the command says things.
struct PlainLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    FileHandle.standardError.write(Data("roadseg: \(event.message)\n".utf8))
  }
}
