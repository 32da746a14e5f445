import Glibc
import RoadBase
import RoadPipeline
import Synchronization

/// SIGINT and SIGTERM as a call instead of a sudden end.
///
/// The signals are blocked and taken by one waiting thread, where any code may run; a handler could do almost nothing safely.
/// Before there is anything to stop, and at the second signal, the process ends at once.
enum StopSignals {
  private static let stop = Mutex<(@Sendable () -> Void)?>(nil)

  /// To be called before other threads start, which then inherit the blocked signals.
  static func watch() throws(RoadError) {
    var signals = set
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = try StageThread("road-signals") {
      let first = wait()
      guard let stop = stop.withLock({ $0 }) else { _exit(128 + first) }
      stop()
      _exit(128 + wait())
    }
  }

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
