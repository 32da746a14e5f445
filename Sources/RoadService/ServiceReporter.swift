import Foundation
import RoadTelemetry
import Synchronization

/// What a long run tells the outside once a second: systemd how it is, the log what changed. May be used by any thread.
public final class ServiceReporter: Sendable {
  private let state: Mutex<State>
  private let isService: Bool

  private struct State {
    var notifier: ServiceNotifier
    var log: StateLog
  }

  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let notifier = ServiceNotifier(environment: environment)
    isService = notifier.isService || environment["JOURNAL_STREAM"] != nil
    state = Mutex(State(notifier: notifier, log: StateLog(ServiceLog.writer(environment: environment))))
  }

  /// Once a second.
  public func report(_ statistics: PipelineStatistics) {
    let complaints = statistics.board.complaints
    state.withLock { state in
      state.notifier.report(statistics, complaints: complaints)
      state.log.update("board", complaints.isEmpty ? nil : complaints.joined(separator: "; "))
      // On a terminal the line of each second says these.
      guard isService else { return }
      state.log.update("video", statistics.video.complaint)
      for sink in statistics.sinks {
        if case .failing(_, let reason) = sink.health {
          state.log.update(sink.name, reason)
        } else {
          state.log.update(sink.name, nil)
        }
      }
    }
  }

  /// While the run waits for its source: the service is starting until then.
  public func waiting(_ reason: String) { state.withLock { $0.notifier.waiting(reason) } }

  /// When the run begins to end.
  public func stopping() { state.withLock { $0.notifier.stopping() } }
}

extension VideoState {
  /// nil for what is as it should be.
  var complaint: String? {
    switch self {
    case .starting, .flowing, .ended: nil
    case .unusable: "frames come and none can be used"
    case .silent: "the source is there and sends nothing"
    case .disconnected: "the source went away and is looked for"
    }
  }
}
