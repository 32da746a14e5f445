/// How much masks are smoothed over time, see ``ScoreStabiliser``.
public enum StabiliseMode: String, Hashable, Sendable, CaseIterable {
  case off, gentle, strong
}

/// How ``ScoreStabiliser`` weighs what the network says now against what it said before. All numbers are whole, so the
/// result is the same on every board.
public struct StabiliseOptions: Hashable, Sendable {
  public let mode: StabiliseMode
  /// Weight of the new scores where the picture has not changed, in 1/256.
  let least: Int
  /// Mean difference of luma, in 1/16 of a step of 0...255, up to which a place counts as unchanged, and from which on
  /// nothing of the old is kept there.
  let still: Int
  let changed: Int
  public init(_ mode: StabiliseMode = .off) {
    self.mode = mode
    switch mode {
    case .off: (least, still, changed) = (256, 0, 16)
    case .gentle: (least, still, changed) = (16, 6 * 16, 16 * 16)
    case .strong: (least, still, changed) = (13, 120, 20 * 16)
    }
  }

  public var isOff: Bool { mode == .off }
}

/// When a frame was taken, as far as that tells whether it follows the one before it.
public enum FrameMoment: Hashable, Sendable {
  /// Nanoseconds of a source that keeps time.
  case time(UInt64)
  /// The place in a folder or stream, where time is whenever the frame was read.
  case number(UInt64)

  private static let longestPause: UInt64 = 500_000_000
  private static let mostFrames: UInt64 = 5

  /// Whether a frame of this moment shows how things went on since `last`: no later than half a second or five frames.
  package func follows(_ last: FrameMoment) -> Bool {
    switch (self, last) {
    case (.time(let now), .time(let last)): now > last && now - last <= Self.longestPause
    case (.number(let now), .number(let last)): now > last && now - last <= Self.mostFrames
    default: false
    }
  }
}

/// What ``ScoreStabiliser`` did to the scores of one frame.
public struct StabilisedFrame: Hashable, Sendable {
  /// Of the calling thread.
  public var nanoseconds: UInt64 = 0
  /// Nothing of the frames before was taken: the first frame, a gap, a scene cut.
  public var isFresh = true
  public var cells = 0
  /// Score pixels where the picture, after motion, is that of the frame before.
  public var stillCells = 0
  /// Of those, the ones that are road now and were not, or the other way round: by the network alone, and as given on.
  public var networkFlips = 0
  public var flips = 0

  public init() {}
}
