import RoadBase

/// One preallocated frame: the bytes as the source sent them and where and when they came from.
///
/// A frame is a slot of the pipeline's ring. It is made once, filled again and again, and handed from thread to thread;
/// at any moment one thread owns it, which the pipeline's queues guarantee (hence unchecked). No method allocates.
public final class Frame: @unchecked Sendable {
  /// Bytes as captured: `byteCount` of them are valid. The capacity holds the largest frame that the source can send.
  public let bytes: UnsafeMutableRawBufferPointer
  public var byteCount = 0
  public var format: PixelFormat = .rgbx
  public var size = PictureSize(width: 0, height: 0)
  /// Bytes from one row of the first plane to the next; 0 for MJPEG.
  public var rowPitch = 0
  /// What the bytes of a raw YUV format mean; JPEG and RGBX say it themselves.
  public var yuvEncoding: YUVEncoding = .bt601

  /// Number that the source gives, without gaps unless frames were lost: the driver's sequence number for a camera,
  /// the position in the folder or stream else.
  public var sequence: UInt64 = 0
  /// Nanoseconds of `CLOCK_MONOTONIC` at the start of exposure or of arrival; see `timestampSource`.
  public var timestamp: UInt64 = 0
  public var timestampSource: TimestampSource = .arrival

  public init(capacity: Int) {
    precondition(capacity > 0, "a frame of \(capacity) bytes")
    bytes = .allocate(byteCount: capacity, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }
}

/// Which clock and event `Frame.timestamp` tells.
public enum TimestampSource: String, Sendable, Codable {
  /// Kernel time when the exposure of the frame began.
  case startOfExposure
  /// Kernel time when the last byte was received.
  case endOfFrame
  /// Our own clock when the frame reached us: the driver gives no monotonic time, or there is no driver.
  case arrival
}
