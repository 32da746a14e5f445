import Foundation
import Glibc
import RoadBase
import Synchronization

/// Standard output, where results go. What could not be written there is remembered: the process then ends with exit
/// code 1.
enum StandardOutput {
  /// Frames go there: every line goes to standard error.
  static let isTaken = Atomic<Bool>(false)
  private static let failure = Mutex<(code: Int32, lines: Int)?>(nil)
  /// Held while a line is written, so that lines stay whole.
  private static let turn = Mutex<Bool>(false)

  /// Waits as long as the reader makes it wait.
  static func write(_ text: String) {
    turn.withLock { _ in note(writeAll(text)) }
  }

  /// For the last words of a process that has to end: never waits.
  ///
  /// - Returns: false where another line is under way or the reader takes no more.
  static func writeAtOnce(_ text: String) -> Bool {
    if isTaken.load(ordering: .relaxed) {
      Terminal.sayAtOnce(text)
      return true
    }
    let isWritten = turn.withLockIfAvailable { _ in
      var status = stat()
      // A pipe that has some room may lack the rest.
      let isPipe = fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
      if isPipe { _ = fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL, 0) | O_NONBLOCK) }
      guard isReady(milliseconds: 0) else { return false }
      return writeAll(text, waits: false) == 0
    }
    return isWritten == true
  }

  /// Whether nobody will ever read again.
  static var readerIsGone: Bool { failure.withLock { $0?.code == EPIPE } }

  /// What went wrong; nil where everything was written.
  static var error: RoadError? {
    guard let (code, lines) = failure.withLock({ $0 }) else { return nil }
    let what = lines == 1 ? "a result" : "\(lines) results"
    return RoadError(
      .output, "standard output: \(what) could not be written: \(System.words(code))",
      remedy: code == EPIPE ? "its reader ended too early" : "free some space there, or send it elsewhere", code: code)
  }

  private static func note(_ code: Int32) {
    guard code != 0 else { return }
    failure.withLock { $0 = (code, ($0?.lines ?? 0) + 1) }
  }

  private static func writeAll(_ text: String, waits: Bool = true) -> Int32 {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if written < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN where waits: _ = isReady(milliseconds: -1)
        default: return errno
        }
      }
    }
    return 0
  }

  private static func isReady(milliseconds: Int32) -> Bool {
    var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    return poll(&output, 1, milliseconds) > 0
  }
}
