import Glibc
import RoadBase
import Synchronization

/// `POST /trigger` on the loopback address: what another program on the board sends when something has happened.
///
/// One request at a time, a few kilobytes and seconds at most; any other request is refused.
public final class TriggerServer: Sendable {
  private let listener: Int32
  private let isEnded = Atomic<Bool>(false)
  private let onTrigger: @Sendable () -> Void

  private static let largestRequest = 8192
  private static let patience = 2

  /// - Throws: `.option` where the port is taken.
  public init(port: UInt16, _ onTrigger: @escaping @Sendable () -> Void) throws(RoadError) {
    self.onTrigger = onTrigger
    listener = try Self.listen(port)
    _ = try SystemThread("road-http") { [self] in serve() }
  }

  public func end() {
    isEnded.store(true, ordering: .relaxed)
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private static func listen(_ port: UInt16) throws(RoadError) -> Int32 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard listener >= 0, bound == 0, Glibc.listen(listener, 8) == 0 else {
      let code = errno
      close(listener)
      throw RoadError(
        .option, "port \(port): \(System.words(code))", remedy: "choose another with --trigger-port")
    }
    return listener
  }

  private func serve() {
    while !isEnded.load(ordering: .relaxed) {
      let client = accept(listener, nil, nil)
      guard client >= 0 else {
        if errno == EINTR || errno == ECONNABORTED { continue }
        break
      }
      var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
      setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      answer(client)
      close(client)
    }
    close(listener)
  }

  private func answer(_ client: Int32) {
    let request = Self.firstLine(client)
    let status: String
    switch request {
    case ["POST", "/trigger"]:
      onTrigger()
      status = "204 No Content"
    case let words where words.count == 2 && words[1] == "/trigger": status = "405 Method Not Allowed"
    case let words where words.count == 2: status = "404 Not Found"
    default: status = "400 Bad Request"
    }
    let answer = "HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    _ = Array(answer.utf8).withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  /// Method and path of a request that is read up to its empty line.
  private static func firstLine(_ client: Int32) -> [String] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1024)
    let deadline = MonotonicClock.now() + UInt64(patience) * 1_000_000_000
    while bytes.count < largestRequest, MonotonicClock.now() < deadline {
      let count = recv(client, &part, part.count, 0)
      guard count > 0 else { break }
      bytes += part[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.contains("\r\n\r\n") || text.contains("\n\n") else { continue }
      let words = (text.split(whereSeparator: \.isNewline).first ?? "").split(separator: " ")
      return words.count == 3 && words[2].hasPrefix("HTTP/") ? words.prefix(2).map(String.init) : []
    }
    return []
  }
}
