import Glibc
import RoadBase

/// A listening socket in the file system; it and its connections never wait.
struct UnixSocket {
  /// Bytes of a path, without the zero at its end: what `sockaddr_un` holds.
  static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  let descriptor: Int32
  let path: String

  /// - Throws: `.output` where no socket can be made there, or another process listens.
  init(path: String) throws(RoadError) {
    self.path = path
    if Self.isAnswered(path) {
      throw RoadError(
        .output, "\(path): another process sends masks there", remedy: "choose another path", code: EADDRINUSE)
    }
    var status = stat()
    if lstat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFSOCK else {
        throw RoadError(.output, "\(path): is there and no socket", remedy: "choose another path", code: EEXIST)
      }
      // Left by a process that has died.
      unlink(path)
    }
    let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    var code = made < 0 ? errno : 0
    if code == 0, Self.call(bind, made, path) != 0 { code = errno }
    if code == 0, listen(made, 8) != 0 { code = errno }
    guard code == 0 else {
      if made >= 0 { System.close(made) }
      throw RoadError(
        .output, "\(path): no socket can be made: \(System.words(code))",
        remedy: "choose a folder that is there and that you may write to", code: code)
    }
    descriptor = made
  }

  /// A new connection; nil where nobody waits.
  func accept() -> Int32? {
    let connection = Glibc.accept(descriptor, nil, nil)
    guard connection >= 0 else { return nil }
    _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
    _ = fcntl(connection, F_SETFL, O_NONBLOCK)
    return connection
  }

  func close() {
    System.close(descriptor)
    unlink(path)
  }

  private static func isAnswered(_ path: String) -> Bool {
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard probe >= 0 else { return false }
    defer { System.close(probe) }
    return call(connect, probe, path) == 0
  }

  private static func call(
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
  ) -> Int32 {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix(longestPath)) }
    return withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
