import Foundation
import Logging

/// swift-log to systemd's journal, with level and metadata as fields of their own: `journalctl ROADSEG_SINK=recorder`.
///
/// The journal's native protocol: a datagram of `FIELD=value` lines, or, for values with line breaks, the field's name,
/// a line break, the value's length as 64 bits little endian, and the value (systemd.io/JOURNAL_NATIVE_PROTOCOL).
public struct JournalLogHandler: LogHandler {
  public static let socketPath = "/run/systemd/journal/socket"

  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level = .info
  private let label: String
  private let socket: DatagramSocket

  /// nil where no journal listens.
  public init?(label: String, socketPath: String = Self.socketPath) {
    guard FileManager.default.fileExists(atPath: socketPath), let socket = DatagramSocket(path: socketPath) else {
      return nil
    }
    self.label = label
    self.socket = socket
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var fields = [
      ("MESSAGE", "\(event.message)"), ("PRIORITY", "\(event.level.journalPriority)"), ("SYSLOG_IDENTIFIER", label),
    ]
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) { fields.append((Self.field(key), "\(value)")) }
    socket.send(Self.datagram(fields))
  }

  /// Field names are capital letters, digits and underscores.
  package static func field(_ key: String) -> String {
    "ROADSEG_" + key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
  }

  package static func datagram(_ fields: [(name: String, value: String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      let value = Array(value.utf8)
      bytes += Array(name.utf8)
      if value.contains(UInt8(ascii: "\n")) {
        bytes.append(UInt8(ascii: "\n"))
        withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += $0 }
      } else {
        bytes.append(UInt8(ascii: "="))
      }
      bytes += value + [UInt8(ascii: "\n")]
    }
    return bytes
  }
}

extension Logger.Level {
  /// syslog(3): 3 error, 4 warning, 5 notice, 6 informational, 7 debug.
  var journalPriority: Int {
    switch self {
    case .critical: 2
    case .error: 3
    case .warning: 4
    case .notice: 5
    case .info: 6
    case .debug, .trace: 7
    }
  }
}
