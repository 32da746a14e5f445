import Glibc

/// A Unix datagram socket to one address: how systemd and its journal are told things. Never blocks, never fails
/// loudly: a service goes on working when nobody listens. The descriptor lives as long as the process.
struct DatagramSocket: Sendable {
  private let descriptor: Int32
  private let address: [UInt8]

  /// - Parameter path: a file's path, or `@name` for the abstract name space; nil where neither.
  init?(path: String) {
    let bytes = Array(path.utf8)
    guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), bytes.count <= 107 else {
      return nil
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
    address = first == UInt8(ascii: "@") ? [0] + bytes.dropFirst() : bytes
  }

  @discardableResult func send(_ message: [UInt8]) -> Bool {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + address.count)
    return withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, length)
      }
    } == message.count
  }
}
