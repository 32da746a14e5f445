import RoadBase
import RoadCamera
import RoadFrame

/// Which frames a user wants to see live, in the words of the command line.
public struct SourceRequest: Sendable {
  /// A device ("/dev/video0", "0"), "synthetic" or "synthetic:bonnet,stamp" (``SyntheticParts``), or what
  /// ``FrameSources`` opens: a folder, list or picture, a stream file, "-" for standard input. Nil for the first
  /// camera.
  public var name: String?
  /// Of a camera or the synthetic road.
  public var size: PictureSize?
  /// Frames a second of a camera, of a folder that is played, of the synthetic road.
  public var rate: Double?
  /// Of a camera.
  public var format: PixelFormat?
  /// Of the synthetic road.
  public var seed: UInt64

  /// A larger picture in a file is a damaged frame.
  public var maximumPixels = Picture.defaultPixelLimit

  public static let defaultRate = 30.0

  public init(
    name: String? = nil, size: PictureSize? = nil, rate: Double? = nil, format: PixelFormat? = nil, seed: UInt64 = 1
  ) {
    self.name = name
    self.size = size
    self.rate = rate
    self.format = format
    self.seed = seed
  }

  /// Whether it is a camera that is asked for.
  public var isCamera: Bool { name.map { Int($0) != nil || $0.hasPrefix("/dev/") } ?? true }

  /// - Returns: the source, and a remark for the user where the choice needs one.
  /// - Throws: what the source's initializer throws; `.device` where no camera is there or may be opened. Nothing else
  ///   is shown in its place.
  public func open() throws(RoadError) -> (source: any FrameSource, remark: String?) {
    guard let name else { return try camera(nil) }
    if let parts = try SyntheticParts.of(source: name) { return (try syntheticRoad(parts), nil) }
    if isCamera { return try camera(name) }
    if FrameSources.isRecording(name), rate == nil {
      return (try RecordingSource(paths: [name], pace: .recorded(speed: 1), maximumPixels: maximumPixels), nil)
    }
    let pace = Pace.live(rate: rate ?? Self.defaultRate, repeats: false)
    return (try FrameSources.open(name, pace: pace, maximumPixels: maximumPixels), nil)
  }

  private func camera(_ device: String?) throws(RoadError) -> (source: any FrameSource, remark: String?) {
    let camera = try V4L2Camera(CameraRequest(device: device, size: size, rate: rate, format: format))
    return (camera, "\(camera.properties.name): \(camera.modeReason)")
  }

  private func syntheticRoad(_ parts: SyntheticParts) throws(RoadError) -> SyntheticRoad {
    try SyntheticRoad(
      size: size ?? SyntheticRoad.defaultSize, seed: seed, rate: rate ?? Self.defaultRate, parts: parts)
  }
}
