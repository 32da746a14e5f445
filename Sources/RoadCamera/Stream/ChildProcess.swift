import Glibc
import RoadBase
import RoadFrame

/// A program that writes to a pipe of ours: its standard output is read as a stream, the end of its standard error kept
/// for messages, its standard input is empty. No shell is involved, so no argument is ever taken apart.
///
/// One thread uses it at a time.
final class ChildProcess: @unchecked Sendable {
  /// Its standard output, for reading; closed by ``stop()``.
  let output: Int32

  private let errors: Int32
  private let process: pid_t
  private var status: Int32?
  /// The last of what it wrote to standard error.
  private var tail: [UInt8] = []
  private static let tailBytes = 4096

  /// - Parameters:
  ///   - program: a path.
  ///   - arguments: without the program's own name.
  /// - Throws: `.stream` when it cannot be started.
  init(_ program: String, _ arguments: [String]) throws(RoadError) {
    var pipes: (out: [Int32], err: [Int32]) = ([-1, -1], [-1, -1])
    guard pipe(&pipes.out) == 0, pipe(&pipes.err) == 0 else {
      for end in pipes.out + pipes.err where end >= 0 { System.close(end) }
      throw RoadError(.stream, "\(program): no pipe to it", remedy: "close other programs or raise ulimit -n")
    }
    for end in pipes.out + pipes.err { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A program that complains without end must not wait for us to read it: what does not fit is lost to it.
    for end in pipes.err { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    var started: pid_t = 0
    let code = Self.spawn(&started, program, arguments, output: pipes.out[1], errors: pipes.err[1])
    System.close(pipes.out[1])
    System.close(pipes.err[1])
    guard code == 0 else {
      System.close(pipes.out[0])
      System.close(pipes.err[0])
      throw RoadError(
        .stream, "\(program): cannot be started: \(System.words(code))", remedy: "check the installation")
    }
    process = started
    output = pipes.out[0]
    errors = pipes.err[0]
    tail.reserveCapacity(2 * Self.tailBytes)
  }

  deinit {
    stop()
    System.close(output)
    System.close(errors)
  }

  private static func spawn(
    _ process: inout pid_t, _ program: String, _ arguments: [String], output: Int32, errors: Int32
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    // Our blocked signals are our own affair; and Ctrl-C at the terminal is for us to act on.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    return posix_spawn(&process, program, &actions, &attributes, &words, environ)
  }

  /// Takes note of what it wrote to standard error since. Called now and then, so that the newest words are the ones
  /// kept.
  func drainErrors() {
    withUnsafeTemporaryAllocation(byteCount: Self.tailBytes, alignment: 1) { room in
      while true {
        let got = read(errors, room.baseAddress, room.count)
        guard got > 0 else { return }
        if tail.count + got > 2 * Self.tailBytes { tail.removeFirst(min(tail.count, got)) }
        tail.append(contentsOf: room[..<got])
      }
    }
  }

  /// The last line that it wrote to standard error, without control characters; empty if none.
  var lastWords: String {
    drainErrors()
    let lines = String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline)
    let line = lines.last { !$0.allSatisfy(\.isWhitespace) } ?? ""
    return String(line.prefix(300).filter { !($0.asciiValue.map { $0 < 32 || $0 == 127 } ?? false) })
  }

  /// Whether it ended by itself and said that all went well; nil while it runs. Waits up to `timeout` nanoseconds for
  /// its end.
  func succeeded(within timeout: UInt64) -> Bool? {
    let deadline = Deadline.after(timeout)
    while status == nil {
      reap(WNOHANG)
      if status != nil || Deadline.remaining(deadline) == 0 { break }
      usleep(2000)
    }
    return status.map { $0 == 0 }
  }

  /// Ends it: politely, and after half a second for good.
  func stop() {
    guard status == nil else { return }
    kill(process, SIGTERM)
    if succeeded(within: 500_000_000) == nil {
      kill(process, SIGKILL)
      reap(0)
    }
  }

  private func reap(_ options: Int32) {
    var found: Int32 = 0
    while true {
      let answer = waitpid(process, &found, options)
      if answer == process { status = found }
      if answer < 0, errno == EINTR { continue }
      if answer < 0 { status = status ?? -1 }
      return
    }
  }
}
