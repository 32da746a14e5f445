import Glibc
import RoadBase

/// The kernel's error numbers in the user's words.
enum CameraError {
  /// The user named no camera, and there is none that could be opened.
  static func none(nodes: [String], problems: [RoadError]) -> RoadError {
    let demo = "`roadseg live synthetic` shows a computed road, `roadseg live --wait` waits for a camera"
    if let problem = problems.first {
      return RoadError(.device, problem.cause, remedy: "\(problem.remedy); \(demo)", code: problem.code)
    }
    let found =
      nodes.isEmpty
      ? "no camera: there is no /dev/video*" : "no camera: \(nodes.joined(separator: ", ")) give no pictures"
    return RoadError(.device, found, remedy: "plug one in; \(demo)", code: ENODEV)
  }

  static func opening(_ path: String, _ code: Int32) -> RoadError {
    switch code {
    case ENOENT, ENXIO, ENODEV:
      RoadError(
        .device, "\(path): no such device", remedy: "plug the camera in; `roadseg cameras` lists what is there",
        code: code)
    case EACCES, EPERM:
      RoadError(
        .device, "\(path): no permission to open it",
        remedy: "add yourself to the group `video` (sudo usermod -aG video $USER) and log in again", code: code)
    case EBUSY: busy(path)
    case ENOTTY, EINVAL: notACamera(path)
    default: RoadError(.device, "\(path): cannot be opened: \(message(code))", remedy: remedy(code), code: code)
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
    return RoadError(
      .device, "\(path): is busy (EBUSY): in use by \(who)", remedy: "end that program first", code: EBUSY)
  }

  /// - Parameter step: what was tried, "set the format".
  static func step(_ step: String, _ path: String, _ answer: VideoDevice.Answer) -> RoadError {
    switch answer {
    case .failed(EBUSY): busy(path)
    case .failed(ENODEV), .failed(ENXIO): opening(path, ENODEV)
    case .failed(ENOSPC):
      RoadError(
        .device, "\(path): the USB bus has no room for this stream (ENOSPC)",
        remedy: "ask for a smaller size or MJPEG, or plug the camera into another controller", code: ENOSPC)
    case .failed(let code):
      RoadError(.device, "\(path): cannot \(step): \(message(code))", remedy: remedy(code), code: code)
    case .wouldBlock, .done:
      RoadError(.device, "\(path): cannot \(step): the driver is not ready", remedy: "try again", code: EAGAIN)
    }
  }

  /// What may help by the kind of the failure; what the driver itself says of it is in the kernel's log.
  private static func remedy(_ code: Int32) -> String {
    switch code {
    case ENOMEM, ENOBUFS: "free some memory"
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
    case EINVAL, ENOTTY, ERANGE:
      "ask for another format or size (--format, --size); dmesg may tell what the driver lacks"
    case EIO, EPROTO, EPIPE, EILSEQ, ETIMEDOUT, EOVERFLOW, ECOMM, ENOLINK:
      "the camera or its cable does not answer as it should: look at dmesg, try another port or cable"
    default: "look at dmesg for what the driver says"
    }
  }

  private static func message(_ code: Int32) -> String { System.words(code) }
}

extension RoadError {
  /// Whether a camera that was not to be had may be later: it is absent, not permitted, in use, or does not answer.
  public var passesWithTime: Bool {
    guard subject == .device, let code else { return false }
    let passing = [
      ENOENT, ENXIO, ENODEV, EACCES, EPERM, EBUSY, EIO, EPROTO, EPIPE, EILSEQ, ETIMEDOUT, EAGAIN, ENOMEM, ENOSPC,
    ]
    return passing.contains(code)
  }
}
