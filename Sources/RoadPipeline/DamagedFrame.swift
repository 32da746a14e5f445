import RoadFrame
import RoadTelemetry

/// A frame that could not be used, or not all of it.
public struct DamagedFrame: Hashable, Sendable {
  /// Its place among the source's frame numbers, from 0.
  public var ordinal: Int
  public var damage: CorruptFrame
  /// Whether what could be decoded of it was shown all the same.
  public var isShown = false
}

extension FrameFate {
  init(_ damage: CorruptFrame) {
    self =
      switch damage {
      case .driverError: .driverError
      case .truncated: .truncated
      case .undecodable, .cmyk, .tooManyBits, .unsupportedProcess, .tooLarge, .noMemory: .undecodable
      case .wrongSize: .wrongSize
      }
  }
}
