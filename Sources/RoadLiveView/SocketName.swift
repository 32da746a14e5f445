import FlyingSocks
import Glibc

/// An IPv4 or IPv6 address with a port, as the socket calls want it.
enum SocketName {
  case ip4(sockaddr_in)
  case ip6(sockaddr_in6)

  /// - Parameter address: numeric; nil for anything else.
  init?(address: String, port: UInt16) {
    var four = sockaddr_in()
    var six = sockaddr_in6()
    if inet_pton(AF_INET, address, &four.sin_addr) == 1 {
      four.sin_family = sa_family_t(AF_INET)
      four.sin_port = port.bigEndian
      self = .ip4(four)
    } else if inet_pton(AF_INET6, address, &six.sin6_addr) == 1 {
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      self = .ip6(six)
    } else {
      return nil
    }
  }

  /// Of a socket of this process; nil for what is no such socket.
  static func localPort(of descriptor: Int32) -> UInt16? {
    var storage = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let status = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    // Both families keep the port in the same place.
    guard status == 0, [AF_INET, AF_INET6].contains(Int32(storage.sin6_family)) else { return nil }
    return UInt16(bigEndian: storage.sin6_port)
  }
}
