import Glibc
import RoadBase

/// The kernel's error numbers in the user's words.
enum CameraError {
  static func opening(_ path: String, _ code: Int32) -> RoadError {
    switch code {
    case ENOENT, ENXIO, ENODEV:
      RoadError(.device, "\(path): no such device", remedy: "plug the camera in; `roadseg cameras` lists what is there")
    case EACCES, EPERM:
      RoadError(
        .device, "\(path): no permission to open it",
        remedy: "add yourself to the group `video` (sudo usermod -aG video $USER) and log in again")
    case EBUSY: busy(path)
    case ENOTTY, EINVAL: notACamera(path)
    default:
      RoadError(.device, "\(path): cannot be opened: \(message(code))", remedy: "plug the camera out and in again")
    }
  }

  static func notACamera(_ path: String) -> RoadError {
    RoadError(
      .device, "\(path): is not a video capture device",
      remedy: "`roadseg cameras` lists those that are; a USB camera's second node carries metadata only")
  }

  static func busy(_ path: String) -> RoadError {
    let users = DeviceUsers.of(path)
    let who = users.isEmpty ? "another program" : users.joined(separator: ", ")
    return RoadError(.device, "\(path): is busy (EBUSY): in use by \(who)", remedy: "end that program first")
  }

  /// - Parameter step: what was tried, "set the format".
  static func step(_ step: String, _ path: String, _ answer: VideoDevice.Answer) -> RoadError {
    switch answer {
    case .failed(EBUSY): busy(path)
    case .failed(ENODEV), .failed(ENXIO): opening(path, ENODEV)
    case .failed(ENOSPC):
      RoadError(
        .device, "\(path): the USB bus has no room for this stream (ENOSPC)",
        remedy: "ask for a smaller size or MJPEG, or plug the camera into another controller")
    case .failed(let code):
      RoadError(.device, "\(path): cannot \(step): \(message(code))", remedy: "plug the camera out and in again")
    case .wouldBlock, .done:
      RoadError(.device, "\(path): cannot \(step): the driver is not ready", remedy: "plug the camera out and in again")
    }
  }

  private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
