import CVideoDevice
import Glibc
import RoadBase

/// The one door to a V4L2 device: every call into libv4l2 and the kernel passes here, with interrupted calls repeated.
///
/// libv4l2 stands between so that cameras with formats of their own (Bayer, compressed by the maker) show an ordinary
/// one as well, and multi-planar devices look like others. The caller closes the device; nothing else does.
struct VideoDevice {
  /// How a call ended.
  enum Answer: Equatable {
    case done
    /// Nothing there yet (EAGAIN).
    case wouldBlock
    /// The kernel's error number.
    case failed(Int32)
  }

  let descriptor: Int32
  let path: String

  /// libv4l2 writes to standard error what we report ourselves.
  private static let silence: Void = {
    if let null = fopen("/dev/null", "w") { video_log_to(null) }
  }()

  /// Opens without waiting; the answer is the device or the kernel's error number.
  ///
  /// The kernel is asked first whether this is a video device at all: libv4l2 would complain on standard error.
  static func open(_ path: String) -> (device: VideoDevice?, code: Int32) {
    _ = silence
    let descriptor: Int32
    switch System.open(path, O_RDWR | O_NONBLOCK) {
    case .done(let opened): descriptor = Int32(opened)
    case .failed(let code): return (nil, code)
    }
    var capability = v4l2_capability()
    var code: Int32 = 0
    if video_kernel_ioctl(descriptor, VideoQueryCapability, &capability) != 0 {
      code = errno
    } else if v4l2_fd_open(descriptor, 0) < 0 {
      code = errno
    }
    guard code == 0 else {
      System.close(descriptor)
      return (nil, code)
    }
    return (VideoDevice(descriptor: descriptor, path: path), 0)
  }

  func close() { v4l2_close(descriptor) }

  func call<Argument>(_ request: UInt, _ argument: inout Argument) -> Answer {
    while true {
      let result = withUnsafeMutablePointer(to: &argument) { video_ioctl(descriptor, request, $0) }
      if result >= 0 { return .done }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      default: return .failed(errno)
      }
    }
  }

  /// The kernel's memory of one buffer; nil if it cannot be mapped.
  func map(length: Int, offset: UInt32) -> UnsafeMutableRawBufferPointer? {
    let address = v4l2_mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, Int64(offset))
    guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else { return nil }
    return UnsafeMutableRawBufferPointer(start: address, count: length)
  }

  func unmap(_ memory: UnsafeMutableRawBufferPointer) { v4l2_munmap(memory.baseAddress, memory.count) }

  /// What waiting for a frame came to.
  enum Readiness {
    case ready
    case timedOut
    /// POLLERR or POLLHUP: the next call tells the error number.
    case error
  }

  func wait(until deadline: UInt64) -> Readiness {
    while true {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, Deadline.milliseconds(deadline))
      if ready > 0 { return waiting.revents & Int16(POLLERR | POLLHUP | POLLNVAL) == 0 ? .ready : .error }
      if ready == 0, Deadline.remaining(deadline) == 0 { return .timedOut }
      if ready < 0, errno != EINTR { return .error }
    }
  }
}

extension VideoDevice {
  var capability: v4l2_capability? {
    var capability = v4l2_capability()
    return call(VideoQueryCapability, &capability) == .done ? capability : nil
  }
}

extension v4l2_capability {
  /// What this node can do, as against the whole device.
  private var nodeCapabilities: UInt32 {
    capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0 ? device_caps : capabilities
  }

  /// Gives pictures into mapped buffers; a camera's metadata node does not.
  var isCamera: Bool {
    let capture = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_VIDEO_CAPTURE_MPLANE)
    return nodeCapabilities & capture != 0 && nodeCapabilities & UInt32(V4L2_CAP_STREAMING) != 0
  }

  var cardName: String { text(card) }
  var driverName: String { text(driver) }
  var busName: String { text(bus_info) }
}

/// A C string in a fixed-size field.
func text<Field>(_ field: Field) -> String {
  withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
