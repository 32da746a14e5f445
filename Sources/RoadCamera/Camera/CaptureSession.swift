import CVideoDevice
import Glibc
import RoadBase
import RoadFrame

/// A camera opened, set up and streaming: from `open` to `close`, once. Losing the device ends the session; a new one
/// starts from zero.
final class CaptureSession {
  /// What the driver agreed to.
  struct Mode: Equatable {
    var fourCC: UInt32
    var format: PixelFormat
    var size: PictureSize
    var rowPitch: Int
    var frameBytes: Int
    var encoding: YUVEncoding
    var rate: Double?
  }

  /// Enough that the driver never waits for us while we copy one; more only make a late frame later.
  private static let wantedBuffers: UInt32 = 4
  private static let capture = UInt32(V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue)
  private static let mapped = UInt32(V4L2_MEMORY_MMAP.rawValue)

  let device: VideoDevice
  let identity: CameraIdentity
  private(set) var mode: Mode
  private var buffers: [UnsafeMutableRawBufferPointer] = []
  private var isStreaming = false

  var bufferCount: Int { buffers.count }

  private init(device: VideoDevice, identity: CameraIdentity, mode: Mode) {
    self.device = device
    self.identity = identity
    self.mode = mode
  }

  /// Opens the node and checks that it is a camera.
  static func openDevice(_ path: String) throws(RoadError) -> (VideoDevice, CameraIdentity) {
    let opened = VideoDevice.open(path)
    guard let device = opened.device else { throw CameraError.opening(path, opened.code) }
    guard let capability = device.capability, capability.isCamera else {
      device.close()
      throw CameraError.notACamera(path)
    }
    return (device, CameraIdentity(capability, node: path))
  }

  /// Opens the node and sets format and rate; the rate after the format, since drivers put it back to their default
  /// with every format (uvcvideo does).
  ///
  /// - Parameter choose: picks the mode from what the camera offers.
  static func open(
    _ path: String, choose: ([CameraFormat], String) throws(RoadError) -> ModeChoice
  ) throws(RoadError) -> CaptureSession {
    let (device, identity) = try openDevice(path)
    do throws(RoadError) {
      let choice = try choose(device.formats(), "\(identity.card) (\(path))")
      let mode = try setMode(choice, on: device)
      return CaptureSession(device: device, identity: identity, mode: mode)
    } catch {
      device.close()
      throw error
    }
  }

  private static func setMode(_ choice: ModeChoice, on device: VideoDevice) throws(RoadError) -> Mode {
    var format = v4l2_format()
    format.type = capture
    format.fmt.pix.width = UInt32(choice.size.width)
    format.fmt.pix.height = UInt32(choice.size.height)
    format.fmt.pix.pixelformat = choice.fourCC.utf8.enumerated().reduce(0) {
      $0 | UInt32($1.element) << (8 * $1.offset)
    }
    format.fmt.pix.field = UInt32(V4L2_FIELD_NONE.rawValue)
    let wanted = format.fmt.pix.pixelformat
    let answer = device.call(VideoSetFormat, &format)
    guard answer == .done else { throw CameraError.step("set the format \(choice.fourCC)", device.path, answer) }
    let pixels = format.fmt.pix
    let size = PictureSize(width: Int(pixels.width), height: Int(pixels.height))
    guard pixels.pixelformat == wanted, Picture.sides.contains(size.width), Picture.sides.contains(size.height) else {
      throw RoadError(
        .device,
        "\(device.path): offers \(choice.fourCC) \(choice.size) but gives \(FourCC(code: pixels.pixelformat)) \(size)",
        remedy: "ask for another format or size")
    }
    let pitch = max(Int(pixels.bytesperline), choice.format.packedRowPitch(width: size.width))
    let needed = choice.format.frameBytes(size: size, rowPitch: pitch) ?? 0
    return Mode(
      fourCC: wanted, format: choice.format, size: size, rowPitch: choice.format == .mjpeg ? 0 : pitch,
      frameBytes: max(Int(pixels.sizeimage), needed, 4096), encoding: pixels.encoding(of: choice.format),
      rate: setRate(choice.rate, on: device))
  }

  /// The rate that the driver then has; nil if it does not say.
  private static func setRate(_ rate: Double?, on device: VideoDevice) -> Double? {
    var parameters = v4l2_streamparm()
    parameters.type = capture
    if let rate {
      parameters.parm.capture.timeperframe = v4l2_fract(numerator: 1000, denominator: UInt32((rate * 1000).rounded()))
      if device.call(VideoSetParameters, &parameters) == .done { return parameters.parm.capture.timeperframe.rate }
    }
    guard device.call(VideoGetParameters, &parameters) == .done else { return nil }
    return parameters.parm.capture.timeperframe.rate
  }

  /// Maps the buffers, queues them all and starts the stream.
  func start() throws(RoadError) {
    precondition(buffers.isEmpty, "start of a session that has started")
    var request = v4l2_requestbuffers()
    request.count = Self.wantedBuffers
    request.type = Self.capture
    request.memory = Self.mapped
    try check("get buffers", device.call(VideoRequestBuffers, &request))
    for index in 0..<request.count {
      var buffer = emptyBuffer(index)
      try check("get a buffer", device.call(VideoQueryBuffer, &buffer))
      guard let memory = device.map(length: Int(buffer.length), offset: buffer.m.offset) else {
        throw RoadError(
          .device, "\(device.path): cannot map a buffer", remedy: "free some memory", code: ENOMEM)
      }
      buffers.append(memory)
      try check("queue a buffer", device.call(VideoQueueBuffer, &buffer))
    }
    var type = Int32(Self.capture)
    try check("start the stream", device.call(VideoStreamOn, &type))
    isStreaming = true
  }

  private func check(_ step: String, _ answer: VideoDevice.Answer) throws(RoadError) {
    if answer != .done { throw CameraError.step(step, device.path, answer) }
  }

  /// Gives everything back: also after errors half way through `start`, and after the device is gone.
  func close() {
    if isStreaming {
      var type = Int32(Self.capture)
      _ = device.call(VideoStreamOff, &type)
      isStreaming = false
    }
    for memory in buffers { device.unmap(memory) }
    buffers = []
    var request = v4l2_requestbuffers()
    request.type = Self.capture
    request.memory = Self.mapped
    _ = device.call(VideoRequestBuffers, &request)
    device.close()
  }

  private func emptyBuffer(_ index: UInt32) -> v4l2_buffer {
    var buffer = v4l2_buffer()
    buffer.index = index
    buffer.type = Self.capture
    buffer.memory = Self.mapped
    return buffer
  }

  /// The oldest filled buffer.
  func dequeue(_ buffer: inout v4l2_buffer) -> VideoDevice.Answer {
    buffer = emptyBuffer(0)
    let answer = device.call(VideoDequeueBuffer, &buffer)
    if answer == .done, Int(buffer.index) >= buffers.count { return .failed(5) }
    return answer
  }

  func requeue(_ buffer: inout v4l2_buffer) -> VideoDevice.Answer { device.call(VideoQueueBuffer, &buffer) }

  /// The valid bytes of a dequeued buffer; never more than are mapped.
  func bytes(of buffer: v4l2_buffer) -> UnsafeRawBufferPointer {
    let memory = buffers[Int(buffer.index)]
    return UnsafeRawBufferPointer(rebasing: memory[..<min(Int(buffer.bytesused), memory.count)])
  }
}

extension v4l2_pix_format {
  /// By the kernel document "Colorspaces": BT.601 limited range by default, BT.709 for REC709, full range where the
  /// driver says so and for grey sensors.
  fileprivate func encoding(of format: PixelFormat) -> YUVEncoding {
    let isExtended = priv == UInt32(V4L2_PIX_FMT_PRIV_MAGIC)
    let matrix = isExtended ? ycbcr_enc : 0
    let range = isExtended ? quantization : 0
    let is709 =
      matrix == UInt32(V4L2_YCBCR_ENC_709.rawValue)
      || matrix == 0 && colorspace == UInt32(V4L2_COLORSPACE_REC709.rawValue)
    let isFull =
      range == UInt32(V4L2_QUANTIZATION_FULL_RANGE.rawValue)
      || range == 0 && (format == .grey || colorspace == UInt32(V4L2_COLORSPACE_JPEG.rawValue))
    return is709 ? (isFull ? .bt709Full : .bt709) : (isFull ? .bt601Full : .bt601)
  }
}
