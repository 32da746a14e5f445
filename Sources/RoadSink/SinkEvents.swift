import RoadBase
import RoadFrame
import RoadMask
import RoadMetres
import RoadTelemetry

/// Which frame it is.
public struct FrameStamp: Hashable, Sendable {
  /// How many frame numbers the source had used before this one, counted from 0, whatever became of them.
  public var ordinal: Int
  /// Of the driver, or the place in folder or stream.
  public var sequence: UInt64
  /// Nanoseconds of the monotonic clock; `timestampSource` tells at which event.
  public var timestamp: UInt64
  public var timestampSource: TimestampSource

  public init(ordinal: Int, sequence: UInt64, timestamp: UInt64, timestampSource: TimestampSource) {
    self.ordinal = ordinal
    self.sequence = sequence
    self.timestamp = timestamp
    self.timestampSource = timestampSource
  }

  public init(ordinal: Int, of frame: Frame) {
    self.init(
      ordinal: ordinal, sequence: frame.sequence, timestamp: frame.timestamp, timestampSource: frame.timestampSource)
  }
}

/// A frame as the source sent it; valid until `receive` returns.
public struct CapturedFrame {
  public let stamp: FrameStamp
  public let format: PixelFormat
  public let size: PictureSize
  /// Bytes from one row of the first plane to the next; 0 for MJPEG.
  public let rowPitch: Int
  public let yuvEncoding: YUVEncoding
  public let bytes: UnsafeRawBufferPointer

  public init(
    stamp: FrameStamp, format: PixelFormat, size: PictureSize, rowPitch: Int, yuvEncoding: YUVEncoding,
    bytes: UnsafeRawBufferPointer
  ) {
    self.stamp = stamp
    self.format = format
    self.size = size
    self.rowPitch = rowPitch
    self.yuvEncoding = yuvEncoding
    self.bytes = bytes
  }

  public init(ordinal: Int, _ frame: Frame) {
    self.init(
      stamp: FrameStamp(ordinal: ordinal, of: frame), format: frame.format, size: frame.size, rowPitch: frame.rowPitch,
      yuvEncoding: frame.yuvEncoding, bytes: UnsafeRawBufferPointer(rebasing: frame.bytes[..<frame.byteCount]))
  }
}

/// A segmented and drawn frame; valid until `receive` returns.
public struct ShownFrame {
  public let stamp: FrameStamp
  private let shownCanvas: Canvas?
  private let shownMap: ClassMap?
  /// How far the best class of every pixel is above the second, 0...255, where the pipeline keeps that; of sinks that
  /// the pipeline's own thread feeds.
  public let confidence: ClassMap?
  /// What was measured on the class map; nil without a calibrated camera, and for a sink that asked for no maps.
  public let figures: RoadFigures?
  public let insight: FrameInsight

  public init(
    stamp: FrameStamp, canvas: Canvas?, map: ClassMap?, confidence: ClassMap? = nil, figures: RoadFigures? = nil,
    insight: FrameInsight = FrameInsight()
  ) {
    self.insight = insight
    self.confidence = confidence
    self.figures = figures
    self.stamp = stamp
    shownCanvas = canvas
    shownMap = map
  }

  public init(stamp: FrameStamp, picture: Picture?, map: ClassMap?) {
    self.init(stamp: stamp, canvas: picture.map { .rgbx($0) }, map: map)
  }

  /// With the overlay, if one is drawn; of the session's kind. Only for a sink whose interest holds `.picture`.
  public var canvas: Canvas {
    guard let shownCanvas else { preconditionFailure("frame \(stamp.ordinal): the sink did not ask for pictures") }
    return shownCanvas
  }

  /// The class of every pixel. Only for a sink whose interest holds `.map`.
  public var map: ClassMap {
    guard let shownMap else { preconditionFailure("frame \(stamp.ordinal): the sink did not ask for class maps") }
    return shownMap
  }
}

/// A picture that says why there is no video; valid until `receive` returns.
public struct VideoNotice {
  /// Of the source's size and the session's kind.
  public let canvas: Canvas
  /// Nanoseconds of the monotonic clock.
  public let time: UInt64

  public init(canvas: Canvas, time: UInt64) {
    self.canvas = canvas
    self.time = time
  }
}

/// What became of a frame number, or of several in a row that never came.
public struct SettledFrames: Hashable, Sendable {
  /// The frame's, or that of the first of several.
  public var ordinal: Int
  /// More than 1 only for frames that were drained or lost before they reached us.
  public var count: Int
  public var fate: FrameFate
  /// Nil for a frame that never reached us.
  public var stamp: FrameStamp?
  public var times: FrameTimes
  /// Fates of earlier frames that a lane had no room to tell; all 0 but after an outage of the sink. With these the
  /// fates that a sink was told always add up to the pipeline's ledger.
  public var missed = FateCounts()

  public init(ordinal: Int, count: Int = 1, fate: FrameFate, stamp: FrameStamp? = nil, times: FrameTimes = FrameTimes())
  {
    self.ordinal = ordinal
    self.count = count
    self.fate = fate
    self.stamp = stamp
    self.times = times
  }
}
