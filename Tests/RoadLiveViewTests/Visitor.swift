import Foundation
import Glibc

/// A plain TCP connection to the page's server: what no HTTP client would send or leave unread, too.
final class Visitor {
  let descriptor: Int32

  /// Nil when nobody listens.
  init?(port: UInt16) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      close(descriptor)
      return nil
    }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// - Returns: false when the peer takes no more.
  @discardableResult
  func say(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let sent = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return false }
      done += sent
    }
    return true
  }

  /// Up to `count` bytes; fewer when the peer ends, or sends nothing for twenty seconds.
  func read(_ count: Int) -> Data {
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < count {
      let got = recv(descriptor, &buffer, min(buffer.count, count - bytes.count), 0)
      guard got > 0 else { break }
      bytes.append(contentsOf: buffer[..<got])
    }
    return bytes
  }

  /// One request and its whole answer.
  static func ask(
    _ port: UInt16, _ line: String, _ headers: [String] = ["Host: localhost"], body: String = ""
  ) -> (status: Int, text: String, body: Data) {
    guard let visitor = Visitor(port: port) else { return (0, "", Data()) }
    let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
    let head = ["\(line) HTTP/1.1"] + headers + length + ["Connection: close"]
    visitor.say(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
    let data = visitor.read(1 << 24)
    let end = data.firstRange(of: Data("\r\n\r\n".utf8))?.upperBound ?? data.endIndex
    let text = String(decoding: data[..<end], as: UTF8.self)
    let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return (status, text, Data(data[end...]))
  }
}
