import Glibc

/// One named thread of the system, from its start to its end.
package struct SystemThread: Sendable {
  private let thread: pthread_t

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// - Parameter name: as `top -H` shows it; 15 bytes at most.
  /// - Throws: when the system gives no thread.
  package init(_ name: String, _ run: @escaping @Sendable () -> Void) throws(RoadError) {
    let body = Unmanaged.passRetained(Body(name, run))
    var created = pthread_t()
    let code = pthread_create(&created, nil, Self.entry, body.toOpaque())
    guard code == 0 else {
      body.release()
      throw RoadError(
        .option, "no thread for \(name): \(System.words(code))",
        remedy: "close other programs or raise ulimit -u")
    }
    thread = created
  }

  package func join() { pthread_join(thread, nil) }

  /// The calling thread sleeps; signals do not wake it.
  package static func sleep(nanoseconds: UInt64) {
    var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    var rest = timespec()
    while nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
  }

  private static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
    guard let pointer else { return nil }
    let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
    setName(body.name)
    body.run()
    return nil
  }

  /// Through proc(5): the C library's call is a GNU extension that Swift does not import. A thread without a name is no
  /// harm.
  private static func setName(_ name: String) {
    guard let descriptor = System.open("/proc/thread-self/comm", O_WRONLY).value.map(Int32.init) else { return }
    var name = name
    name.withUTF8 { _ = System.write(descriptor, UnsafeRawBufferPointer($0)) }
    System.close(descriptor)
  }
}
