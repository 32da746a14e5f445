/// When one frame passed each point of the flow, in nanoseconds of the monotonic clock; 0 where it never came to.
public struct FrameTimes: Hashable, Sendable {
  /// The source handed the frame over.
  public var arrived: UInt64 = 0
  /// The infer thread took it.
  public var decodeBegan: UInt64 = 0
  public var decoded: UInt64 = 0
  public var scaled: UInt64 = 0
  public var inferred: UInt64 = 0
  /// The class map was ready.
  public var classified: UInt64 = 0
  /// The class map was steady and clean; the same where nothing of that was asked for.
  public var refined: UInt64 = 0
  /// The draw thread took it.
  public var drawBegan: UInt64 = 0
  public var drawn: UInt64 = 0
  /// Every sink had it.
  public var handedOn: UInt64 = 0

  public init() {}
}
