import Foundation
import Glibc
import RoadBase
import RoadTelemetry
import Synchronization

/// SIGINT, SIGTERM and SIGHUP as a call instead of a sudden end, SIGQUIT as a question how things are. To a service,
/// which has no terminal that could hang up, SIGHUP says that its profile has changed.
///
/// The signals are blocked and taken by one waiting thread, where any code may run; a handler could do almost nothing
/// safely. Before there is anything to stop, and at a second signal that is meant as one, the process ends at once. It
/// ends in any case within a second of the first, whatever hangs.
enum StopSignals {
  private struct Calls: Sendable {
    var stop: (@Sendable () -> Void)?
    var lastWords: (@Sendable () -> Bool)?
    var state: (@Sendable () -> String)?
    var reload: (@Sendable () -> Void)?
  }

  private static let calls = Mutex(Calls())
  private static let isWatching = Atomic<Bool>(false)

  /// Nanoseconds within which a second signal is the first one's echo: coreutils' `timeout` signals the process, then
  /// its group.
  private static let echo: UInt64 = 500_000_000
  /// Nanoseconds from the first signal to the end at the latest.
  private static let patience: UInt64 = 900_000_000

  /// To be called before other threads start, which then inherit the blocked signals. Writing to a closed pipe is an
  /// error from then on, not the end.
  static func watch() throws(RoadError) {
    guard !isWatching.exchange(true, ordering: .relaxed) else { return }
    signal(SIGPIPE, SIG_IGN)
    let signals = wanted
    var blocked = set(of: signals)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    _ = try SystemThread("road-signals") { serve(signals) }
  }

  /// From now on the first signal calls `stop`.
  ///
  /// - Parameter lastWords: called where the process has not ended in time; true if everything that it promised is
  ///   said.
  static func onFirst(_ stop: @escaping @Sendable () -> Void, lastWords: (@Sendable () -> Bool)? = nil) {
    calls.withLock { ($0.stop, $0.lastWords) = (stop, lastWords) }
  }

  /// What SIGQUIT prints to standard error.
  static func onQuestion(_ state: @escaping @Sendable () -> String) { calls.withLock { $0.state = state } }

  /// What SIGHUP does instead of ending, where no terminal can hang up.
  static func onReload(_ reload: @escaping @Sendable () -> Void) {
    let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
    guard terminal < 0 else {
      close(terminal)
      return
    }
    calls.withLock { $0.reload = reload }
  }

  private static func serve(_ signals: [Int32]) {
    var begin: UInt64?
    while true {
      let signal = wait(for: signals, nanoseconds: begin == nil ? 3_600_000_000_000 : 20_000_000)
      let now = MonotonicClock.now()
      switch (signal, begin) {
      case (SIGQUIT?, _): Terminal.say(state())
      case (SIGHUP?, nil) where isReload: calls.withLock { $0.reload }?()
      case (let signal?, nil):
        guard let stop = calls.withLock({ $0.stop }) else { _exit(128 + signal) }
        begin = now
        stop()
      case (let signal?, let first?) where now - first > echo: _exit(128 + signal)
      default: break
      }
      if let begin, now - begin > patience { endNow() }
    }
  }

  /// The reader of standard output hangs, or the network needs longer than that for a frame.
  private static func endNow() -> Never {
    if calls.withLock({ $0.lastWords })?() == true { _exit(0) }
    Terminal.sayAtOnce("roadseg: ended by a signal while something hung: not everything was said or written")
    _exit(1)
  }

  private static var isReload: Bool { calls.withLock { $0.reload != nil } }

  private static func state() -> String {
    let state = calls.withLock { $0.state }?() ?? ""
    return "roadseg: state at \(WallClock.now())\n" + state + ThreadStates.text
  }

  /// SIGHUP stays ignored where it is, under nohup.
  private static var wanted: [Int32] {
    var old = sigaction()
    let isIgnored = sigaction(SIGHUP, nil, &old) == 0 && isIgnoring(old)
    return [SIGINT, SIGTERM, SIGQUIT] + (isIgnored ? [] : [SIGHUP])
  }

  private static func isIgnoring(_ action: sigaction) -> Bool {
    guard let handler = action.__sigaction_handler.sa_handler else { return false }
    return unsafeBitCast(handler, to: Int.self) == 1
  }

  private static func set(of signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    return set
  }

  /// Nil when none came in time.
  private static func wait(for signals: [Int32], nanoseconds: Int) -> Int32? {
    var set = set(of: signals)
    var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    let signal = sigtimedwait(&set, nil, &time)
    return signal > 0 ? signal : nil
  }
}

/// What the kernel says of this process' threads.
enum ThreadStates {
  /// "  road-infer  running  12.3 s of processor time", a line each.
  static var text: String {
    let folder = "/proc/self/task"
    var lines: [String] = []
    guard let directory = opendir(folder) else { return "" }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard Int(name) != nil, let line = line(of: "\(folder)/\(name)/stat") else { continue }
      lines.append(line)
    }
    return "threads:\n" + lines.sorted().joined(separator: "\n")
  }

  /// proc(5): "pid (name) state ...", the 14th and 15th field are user and system time in clock ticks.
  private static func line(of path: String) -> String? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8), let open = text.firstIndex(of: "("),
      let close = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
    let states = ["R": "running", "S": "waiting", "D": "waiting for a device or disk", "T": "stopped"]
    let state = states[String(fields[0])] ?? String(fields[0])
    let seconds = (user + system) / Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    return "  \(text[text.index(after: open)..<close]): \(state), \(Format.fixed(seconds, 1)) s of processor time"
  }
}
