import CVideoDevice
import Glibc
import RoadBase
import RoadFrame

/// A V4L2 output device: frames in mapped buffers where the driver knows them, else by write(2).
package final class KernelVideoOutput: VideoOutputPort, @unchecked Sendable {
  private static let output = UInt32(V4L2_BUF_TYPE_VIDEO_OUTPUT.rawValue)
  private static let mapped = UInt32(V4L2_MEMORY_MMAP.rawValue)
  private static let wantedBuffers: UInt32 = 3
  /// "YUYV"
  private static let fourCC: UInt32 = 0x5659_5559

  private var descriptor: Int32 = -1
  private var capabilities: UInt32 = 0
  private var frameBytes = 0
  private var buffers: [UnsafeMutableRawBufferPointer] = []
  /// Buffers that were never queued.
  private var unused = 0
  private var isStreaming = false

  package init() {}

  deinit { close() }

  package func open(_ path: String) -> Int32 {
    precondition(descriptor < 0, "\(path): opened twice")
    switch System.open(path, O_RDWR | O_NONBLOCK) {
    case .done(let number): descriptor = Int32(number)
    case .failed(let code): return code
    }
    var capability = v4l2_capability()
    let code = call(VideoQueryCapability, &capability)
    // A file that is no device at all: said by `isOutput`.
    capabilities = 0
    if code == 0 {
      let hasOwn = capability.capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0
      capabilities = hasOwn ? capability.device_caps : capability.capabilities
    }
    return 0
  }

  package var isOutput: Bool { capabilities & UInt32(V4L2_CAP_VIDEO_OUTPUT) != 0 && (canWrite || canStream) }

  private var canWrite: Bool { capabilities & UInt32(V4L2_CAP_READWRITE) != 0 }
  private var canStream: Bool { capabilities & UInt32(V4L2_CAP_STREAMING) != 0 }
  private var usesBuffers: Bool { canStream }

  package func set(size: PictureSize, rate: Double?) -> PictureSize? {
    var format = v4l2_format()
    format.type = Self.output
    format.fmt.pix.width = UInt32(size.width)
    format.fmt.pix.height = UInt32(size.height)
    format.fmt.pix.pixelformat = Self.fourCC
    format.fmt.pix.field = UInt32(V4L2_FIELD_NONE.rawValue)
    format.fmt.pix.bytesperline = UInt32(4 * ((size.width + 1) / 2))
    format.fmt.pix.sizeimage = format.fmt.pix.bytesperline * format.fmt.pix.height
    format.fmt.pix.colorspace = UInt32(V4L2_COLORSPACE_SRGB.rawValue)
    format.fmt.pix.priv = UInt32(V4L2_PIX_FMT_PRIV_MAGIC)
    format.fmt.pix.ycbcr_enc = UInt32(V4L2_YCBCR_ENC_601.rawValue)
    format.fmt.pix.quantization = UInt32(V4L2_QUANTIZATION_LIM_RANGE.rawValue)
    guard call(VideoSetFormat, &format) == 0, format.fmt.pix.pixelformat == Self.fourCC else { return nil }
    let given = PictureSize(width: Int(format.fmt.pix.width), height: Int(format.fmt.pix.height))
    // Rows with padding would need a copy that nobody has asked for yet.
    guard given != size || format.fmt.pix.bytesperline == UInt32(4 * ((size.width + 1) / 2)) else { return nil }
    frameBytes = max(Int(format.fmt.pix.sizeimage), 1)
    if let rate { set(rate: rate) }
    if usesBuffers, given == size, !makeBuffers() { return nil }
    return given
  }

  /// For readers who ask; frames go out when they come all the same.
  private func set(rate: Double) {
    var parameters = v4l2_streamparm()
    parameters.type = Self.output
    parameters.parm.output.timeperframe = v4l2_fract(numerator: 1000, denominator: UInt32((rate * 1000).rounded()))
    _ = call(VideoSetParameters, &parameters)
  }

  package func write(_ bytes: UnsafeRawBufferPointer, until deadline: UInt64) -> Int32 {
    usesBuffers ? queue(bytes, until: deadline) : writeWhole(bytes, until: deadline)
  }

  package func close() {
    guard descriptor >= 0 else { return }
    if isStreaming {
      var type = Int32(Self.output)
      _ = call(VideoStreamOff, &type)
    }
    for memory in buffers { munmap(memory.baseAddress, memory.count) }
    buffers = []
    isStreaming = false
    System.close(descriptor)
    descriptor = -1
  }

  // MARK: - write(2)

  private func writeWhole(_ bytes: UnsafeRawBufferPointer, until deadline: UInt64) -> Int32 {
    while true {
      switch System.write(descriptor, bytes) {
      // One call is one frame, whatever of it the driver has room for.
      case .done: return 0
      case .failed(EAGAIN):
        let code = wait(until: deadline)
        if code != 0 { return code }
      case .failed(let code): return code
      }
    }
  }

  private func wait(until deadline: UInt64) -> Int32 {
    let now = MonotonicClock.now()
    guard now < deadline else { return ETIMEDOUT }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    let ready = poll(&waiting, 1, Int32((deadline - now) / 1_000_000 + 1))
    if ready > 0, waiting.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 {
      // Drivers that do not poll for output say so as well: the next write tells the truth, a little later.
      SystemThread.sleep(nanoseconds: 2_000_000)
    }
    return 0
  }

  // MARK: - Mapped buffers

  private func makeBuffers() -> Bool {
    var request = v4l2_requestbuffers()
    request.count = Self.wantedBuffers
    request.type = Self.output
    request.memory = Self.mapped
    guard call(VideoRequestBuffers, &request) == 0, request.count > 0 else { return false }
    for index in 0..<request.count {
      var buffer = emptyBuffer(index)
      guard call(VideoQueryBuffer, &buffer) == 0 else { return false }
      let address = mmap(
        nil, Int(buffer.length), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, Int(buffer.m.offset))
      guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
      buffers.append(UnsafeMutableRawBufferPointer(start: address, count: Int(buffer.length)))
    }
    unused = buffers.count
    return true
  }

  private func queue(_ bytes: UnsafeRawBufferPointer, until deadline: UInt64) -> Int32 {
    var buffer = emptyBuffer(UInt32(buffers.count - unused))
    if unused > 0 {
      unused -= 1
    } else {
      var code = call(VideoDequeueBuffer, &buffer)
      while code == EAGAIN {
        code = wait(until: deadline)
        if code == 0 { code = call(VideoDequeueBuffer, &buffer) }
      }
      guard code == 0 else { return code }
    }
    let index = Int(buffer.index)
    guard buffers.indices.contains(index), buffers[index].count >= bytes.count else { return EIO }
    buffers[index].copyMemory(from: bytes)
    buffer = emptyBuffer(UInt32(index))
    buffer.bytesused = UInt32(bytes.count)
    buffer.field = UInt32(V4L2_FIELD_NONE.rawValue)
    let code = call(VideoQueueBuffer, &buffer)
    guard code == 0, !isStreaming else { return code }
    var type = Int32(Self.output)
    let started = call(VideoStreamOn, &type)
    isStreaming = started == 0
    return started
  }

  private func emptyBuffer(_ index: UInt32) -> v4l2_buffer {
    var buffer = v4l2_buffer()
    buffer.index = index
    buffer.type = Self.output
    buffer.memory = Self.mapped
    return buffer
  }

  private func call<Argument>(_ request: UInt, _ argument: inout Argument) -> Int32 {
    while true {
      let result = withUnsafeMutablePointer(to: &argument) { video_kernel_ioctl(descriptor, request, $0) }
      if result >= 0 { return 0 }
      if errno != EINTR { return errno }
    }
  }
}
