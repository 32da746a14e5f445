import Glibc
import RoadBase
import RoadPipeline
import Synchronization

/// SIGINT and SIGTERM as a call instead of a sudden end.
///
/// The signals are blocked and taken by one waiting thread, where any code may run; a handler could do almost nothing safely.
/// Before there is anything to stop, and at a second signal that is meant as one, the process ends at once.
enum StopSignals {
  private static let stop = Mutex<(@Sendable () -> Void)?>(nil)

  /// To be called before other threads start, which then inherit the blocked signals.
  static func watch() throws(RoadError) {
    var signals = set
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = try SystemThread("road-signals") {
      let first = wait()
      guard let stop = stop.withLock({ $0 }) else { _exit(128 + first) }
      let begin = MonotonicClock.now()
      stop()
      while true {
        let next = wait()
        if MonotonicClock.now() - begin > echo { _exit(128 + next) }
      }
    }
  }

  /// Nanoseconds within which a second signal is the first one's echo: coreutils' `timeout` signals the process, then its group.
  private static let echo: UInt64 = 500_000_000

  /// From now on the first signal calls `stop`.
  static func onFirst(_ call: @escaping @Sendable () -> Void) { stop.withLock { $0 = call } }

  private static var set: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    return signals
  }

  private static func wait() -> Int32 {
    var signals = set
    var signal: Int32 = 0
    while sigwait(&signals, &signal) != 0 {}
    return signal
  }
}
