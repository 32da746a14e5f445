import RoadBase
import RoadFrame

/// A source whose first frames are passed over: an interrupted run goes on behind them. They count as drained.
public final class SkippingSource: FrameSource, @unchecked Sendable {
  private let source: any FrameSource
  private var left: Int
  /// Frames passed over that no outcome has told yet.
  private var untold = 0

  public init(_ source: any FrameSource, first: Int) {
    precondition(first >= 0, "\(first) frames to skip")
    self.source = source
    left = first
  }

  public var properties: SourceProperties { source.properties }
  public var failure: RoadError? { source.failure }

  public func start() throws(RoadError) { try source.start() }

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    while true {
      let outcome = source.read(into: frame, timeout: timeout)
      switch outcome {
      case .frame(let skipped, let lost):
        if left > 0 {
          left -= 1
          untold += 1 + skipped
          continue
        }
        defer { untold = 0 }
        return .frame(skipped: skipped + untold, lost: lost)
      case .corrupt where left > 0:
        left -= 1
        untold += 1
      default: return outcome
      }
    }
  }

  public func stop() { source.stop() }
}
