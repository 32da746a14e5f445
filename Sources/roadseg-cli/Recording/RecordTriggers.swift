import Glibc
import RoadBase
import RoadRecorder

/// What sets off a recording that waits: SIGUSR1, a request. The recorder itself watches the trigger file.
struct RecordTriggers {
  private let server: TriggerServer?

  init(_ options: RecordOptions, _ recorder: Recorder) throws(RoadError) {
    server =
      options.trigger.contains(.http)
      ? try TriggerServer(port: options.triggerPort) { recorder.trigger("http") } : nil
    guard options.trigger.contains(.signal) else { return }
    _ = try SystemThread("road-trigger") {
      var signals = Self.signals
      var signal: Int32 = 0
      while true {
        if sigwait(&signals, &signal) == 0 { recorder.trigger("signal") }
      }
    }
  }

  /// To be called before other threads start, which then inherit the blocked signal.
  static func block() {
    var signals = signals
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  private static var signals: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGUSR1)
    return signals
  }
}
