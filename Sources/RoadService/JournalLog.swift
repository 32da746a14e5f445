import Glibc

/// systemd's journal, with level and fields as fields of their own: `journalctl ROADSEG_THING=camera`.
///
/// The journal's native protocol: a datagram of `FIELD=value` lines, or, for values with line breaks, the field's name,
/// a line break, the value's length as 64 bits little endian, and the value (systemd.io/JOURNAL_NATIVE_PROTOCOL).
public struct JournalLog: LogWriter {
  public static let socketPath = "/run/systemd/journal/socket"

  private let label: String
  private let socket: DatagramSocket

  /// nil where no journal listens.
  public init?(label: String, socketPath: String = Self.socketPath) {
    guard access(socketPath, F_OK) == 0, let socket = DatagramSocket(path: socketPath) else { return nil }
    self.label = label
    self.socket = socket
  }

  public func write(_ entry: LogEntry) {
    var fields = [
      ("MESSAGE", entry.message), ("PRIORITY", "\(entry.level.rawValue)"), ("SYSLOG_IDENTIFIER", label),
    ]
    for (key, value) in entry.fields.sorted(by: { $0.key < $1.key }) { fields.append((Self.field(key), value)) }
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
