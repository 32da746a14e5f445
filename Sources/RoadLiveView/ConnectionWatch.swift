import Glibc
import RoadBase

/// Ends connections that take too much: requests that never end, viewers who do not read, connections that nobody uses.
///
/// The HTTP library bounds neither the bytes of a request's head nor the time that a peer may take. The kernel knows
/// both of every connection (tcp(7), `TCP_INFO`; the layout is that of linux/tcp.h), whatever the library does with it:
/// this looks at all of the server's connections ten times a second.
final class ConnectionWatch {
  struct Limits {
    /// Of one connection, requests and bodies together: some hundred bytes each, and browsers reconnect. No more, since
    /// the library searches a line anew with every piece of it: 127 KB of one line took it three seconds.
    var receivedBytes: UInt64 = 32 << 10
    var connections = 128
    /// Nanoseconds without a byte in either direction.
    var idle: UInt64 = 60_000_000_000
    /// Nanoseconds in which a peer must take some of what waits for it.
    var stuck: UInt64 = 10_000_000_000
  }

  private struct Progress {
    var acknowledged: UInt64
    var received: UInt64
    var lastChange: UInt64
    var lastDelivery: UInt64
  }

  private let port: UInt16
  private let limits: Limits
  private var known: [Int32: Progress] = [:]
  /// Connections that were ended so far.
  private(set) var ended = 0

  init(port: UInt16, limits: Limits = Limits()) {
    self.port = port
    self.limits = limits
  }

  func look(now: UInt64) {
    let connections = descriptors()
    known = known.filter { connections.contains($0.key) }
    for (count, descriptor) in connections.enumerated() {
      guard let info = TransferInfo(descriptor) else { continue }
      let isNew = known[descriptor].map { info.acknowledged < $0.acknowledged || info.received < $0.received } ?? true
      var progress =
        known[descriptor].flatMap { isNew ? nil : $0 }
        ?? Progress(acknowledged: info.acknowledged, received: info.received, lastChange: now, lastDelivery: now)
      if info.acknowledged != progress.acknowledged || info.received != progress.received { progress.lastChange = now }
      if info.acknowledged != progress.acknowledged || !info.isWaiting { progress.lastDelivery = now }
      progress.acknowledged = info.acknowledged
      progress.received = info.received
      known[descriptor] = progress
      let takesTooMuch = info.received > limits.receivedBytes || count >= limits.connections
      if takesTooMuch || now - progress.lastChange > limits.idle || now - progress.lastDelivery > limits.stuck {
        ended += 1
        Self.end(descriptor)
      }
    }
  }

  /// The library sees the end of the connection and closes it. What it has not read yet is thrown away: megabytes may
  /// wait, and it would go through them byte by byte.
  private static func end(_ descriptor: Int32) {
    shutdown(descriptor, Int32(SHUT_RDWR))
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
      while recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)) > 0 {}
    }
  }

  /// The server's connections, oldest numbers first.
  private func descriptors() -> [Int32] {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return (3..<Int32(min(limit.rlim_cur, 1024))).filter {
      SocketName.localPort(of: $0) == port && TransferInfo($0)?.isConnected == true
    }
  }
}

/// What the kernel knows of one connection.
private struct TransferInfo {
  var isConnected: Bool
  /// Bytes that the peer has acknowledged, and that came from it.
  var acknowledged: UInt64
  var received: UInt64
  /// Bytes are on their way to the peer, or wait for it.
  var isWaiting: Bool

  private static let established: UInt8 = 1
  /// Offsets in `struct tcp_info`.
  private enum Offset {
    static let unacknowledged = 24
    static let bytesAcknowledged = 120
    static let bytesReceived = 128
    static let notSent = 144
    static let end = 148
  }

  init?(_ descriptor: Int32) {
    var length = socklen_t(256)
    let values: TransferInfo? = withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer in
      guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, buffer.baseAddress, &length) == 0,
        length >= socklen_t(Offset.end)
      else { return nil }
      let waiting =
        buffer.load(fromByteOffset: Offset.unacknowledged, as: UInt32.self) > 0
        || buffer.load(fromByteOffset: Offset.notSent, as: UInt32.self) > 0
      return TransferInfo(
        isConnected: buffer[0] == Self.established,
        acknowledged: buffer.load(fromByteOffset: Offset.bytesAcknowledged, as: UInt64.self),
        received: buffer.load(fromByteOffset: Offset.bytesReceived, as: UInt64.self), isWaiting: waiting)
    }
    guard let values else { return nil }
    self = values
  }

  private init(isConnected: Bool, acknowledged: UInt64, received: UInt64, isWaiting: Bool) {
    self.isConnected = isConnected
    self.acknowledged = acknowledged
    self.received = received
    self.isWaiting = isWaiting
  }
}
