import RoadBase
import RoadFrame
import RoadMask

/// A finished frame, as sinks see it; valid until `receive` returns.
public struct ShownFrame {
  /// How many frame numbers the source had used before this one, counted from 0, whatever became of them.
  public let ordinal: Int
  /// As captured.
  public let frame: Frame
  /// With the overlay, if one is drawn.
  public let picture: Picture
  public let map: ClassMap
}

/// Where finished frames go: files, later a recorder, a web page, a loopback device.
///
/// Called by the draw thread, one frame after the other, so that the disk and the network of others never hold up capture or
/// inference. A throwing sink stops the pipeline, whose `run` then throws the same error.
public protocol FrameSink: AnyObject, Sendable {
  func receive(_ frame: ShownFrame) throws(RoadError)
}
