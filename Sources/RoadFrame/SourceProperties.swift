import RoadBase

/// What a source is and sends.
public struct SourceProperties: Sendable {
  /// For people: "USB camera C920 (/dev/video0)", "synthetic road, seed 1".
  public var name: String
  public var size: PictureSize
  public var format: PixelFormat
  /// Frames a second that the source intends to send; nil if it does not say.
  public var nominalRate: Double?
  /// A live source does not wait for its reader: the newest frame wins. Others give every frame.
  public var isLive: Bool
  /// Frames in all, where known before the end.
  public var frameCount: Int?
  /// Bytes that the largest frame may take.
  public var maximumFrameBytes: Int
  /// Whether the frames are computed and show nothing that is there.
  public var isSynthetic: Bool
  /// What stays the same of a camera from start to start, "HD Pro Webcam C920 4F2A11BE"; nil for what is no camera, or
  /// cannot be told from others.
  public var cameraKey: String?

  public init(
    name: String, size: PictureSize, format: PixelFormat, nominalRate: Double?, isLive: Bool, frameCount: Int?,
    maximumFrameBytes: Int, isSynthetic: Bool = false
  ) {
    self.name = name
    self.size = size
    self.format = format
    self.nominalRate = nominalRate
    self.isLive = isLive
    self.frameCount = frameCount
    self.maximumFrameBytes = maximumFrameBytes
    self.isSynthetic = isSynthetic
  }
}
