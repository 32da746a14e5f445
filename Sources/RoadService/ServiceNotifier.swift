import Foundation
import RoadBase
import RoadTelemetry

/// Tells systemd how the service is: that it is up, what it does in words, and, each time that new frames really came,
/// that it is alive. The protocol is sd_notify(3): datagrams of `KEY=VALUE` lines to the socket `NOTIFY_SOCKET`.
///
/// A camera that froze sends no frames, so the watchdog is not fed and systemd starts the service anew.
public struct ServiceNotifier: Sendable {
  private let socket: DatagramSocket?
  private var delivered = 0
  private var isReady = false
  private var status = ""

  /// - Parameter environment: `NOTIFY_SOCKET` is looked up in it; without one nothing is sent.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    socket = environment["NOTIFY_SOCKET"].flatMap(DatagramSocket.init)
  }

  /// Whether systemd listens.
  public var isService: Bool { socket != nil }

  /// Once a second, with the statistics of that second.
  public mutating func report(_ statistics: PipelineStatistics, complaints: [String] = []) {
    guard let socket else { return }
    var lines: [String] = []
    if !isReady {
      isReady = true
      lines.append("READY=1")
    }
    let came = statistics.ledger.entered - statistics.ledger[.lostInDriver] - statistics.ledger.corrupt
    if came > delivered {
      delivered = came
      lines.append("WATCHDOG=1")
    }
    let words = Self.status(statistics, complaints: complaints)
    if words != status {
      status = words
      lines.append("STATUS=\(words)")
    }
    if !lines.isEmpty { socket.send(Array(lines.joined(separator: "\n").utf8)) }
  }

  /// Before the first report: what the start waits for.
  public mutating func waiting(_ reason: String) {
    let words = "WAITING: \(reason)".replacing("\n", with: " ")
    guard let socket, words != status else { return }
    status = words
    socket.send(Array("STATUS=\(words)".utf8))
  }

  /// When the service begins to end: its files are being closed.
  public func stopping() { socket?.send(Array("STOPPING=1\nSTATUS=closing files".utf8)) }

  /// "30.0 frames a second shown" or the reason why there are none.
  static func status(_ statistics: PipelineStatistics, complaints: [String]) -> String {
    var parts: [String] = []
    let silence = statistics.silence / 1_000_000_000
    switch statistics.video {
    case .flowing: parts.append("\(rate(statistics.rates.shown)) frames a second shown")
    case .starting: parts.append("waiting for the first frame")
    case .silent: parts.append("NO FRAMES: the source is there and has sent nothing for \(silence) s")
    case .unusable: parts.append("NO USABLE FRAME since \(silence) s: \(statistics.unusable ?? "all are damaged")")
    case .disconnected: parts.append("NO CAMERA: it is looked for since \(silence) s")
    case .ended: parts.append("the source has ended")
    }
    for sink in statistics.sinks {
      if case .failing(_, let reason) = sink.health { parts.append("\(sink.name) FAILS: \(reason)") }
    }
    return (parts + complaints).joined(separator: "; ").replacing("\n", with: " ")
  }

  /// Whole numbers: a status line that changes with every tenth would be noise in the log.
  private static func rate(_ value: Double?) -> String { value.map { "\(Int($0.rounded()))" } ?? "no" }
}
