import CVideoDevice
import RoadBase

/// What a camera's exposure settings say of its rate; nil where the camera does not have the control.
public struct CameraExposure: Hashable, Sendable {
  /// The camera may lower its rate in the dark to expose longer: "exposure_dynamic_framerate", once
  /// "exposure_auto_priority".
  public var mayLowerRate: Bool?
  /// Whether the camera chooses the time itself.
  public var isAutomatic: Bool?
  /// Exposure time in nanoseconds, as it is now.
  public var time: UInt64?

  public init(mayLowerRate: Bool? = nil, isAutomatic: Bool? = nil, time: UInt64? = nil) {
    self.mayLowerRate = mayLowerRate
    self.isAutomatic = isAutomatic
    self.time = time
  }

  /// Reads the controls; the camera need not be free.
  ///
  /// - Parameter path: "/dev/video0".
  public static func read(_ path: String) -> CameraExposure {
    guard let device = VideoDevice.open(path).device else { return CameraExposure() }
    defer { device.close() }
    func value(_ control: Int32) -> Int32? {
      var request = v4l2_control()
      request.id = UInt32(bitPattern: control)
      return device.call(VideoGetControl, &request) == .done ? request.value : nil
    }
    // V4L2_CID_EXPOSURE_AUTO, _ABSOLUTE (in 100 µs) and _AUTO_PRIORITY of linux/v4l2-controls.h; manual is 1 and 2.
    return CameraExposure(
      mayLowerRate: value(0x009A_0903).map { $0 != 0 }, isAutomatic: value(0x009A_0901).map { $0 == 0 || $0 == 3 },
      time: value(0x009A_0902).flatMap { $0 > 0 ? UInt64($0) * 100_000 : nil })
  }
}
