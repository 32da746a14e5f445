import RoadBase
import RoadFrame
import RoadMask
import RoadTelemetry

/// All that one frame needs on its way, allocated once. The stage that holds the slot's number owns it.
final class FrameSlot: @unchecked Sendable {
  let frame: Frame
  let picture: Picture
  let map: ClassMap
  /// How many frame numbers the source had used before this one.
  var ordinal = 0
  var times = FrameTimes()

  init(size: PictureSize, frameBytes: Int) {
    frame = Frame(capacity: frameBytes)
    picture = Picture(size: size)
    map = ClassMap(size: size)
  }
}
