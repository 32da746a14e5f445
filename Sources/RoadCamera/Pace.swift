/// When the frames of a folder come.
public enum Pace: Hashable, Sendable {
  /// Every frame, as fast as it is asked for.
  case everyFrame
  /// As a camera of this rate would send them, in frames a second: a late reader gets the newest and skips the rest.
  /// `repeats`: from the start again after the last.
  case live(rate: Double, repeats: Bool)

  var isLive: Bool { self != .everyFrame }
}
