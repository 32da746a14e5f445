import RoadBase
import RoadFrame

/// The built-in road as a source of frames: what is shown when no camera is there, and what tests know the truth about.
///
/// With a rate it is live, as a camera is: frames fall due by the clock, and a reader who comes late gets the newest
/// one and is told how many it missed. Without one it gives every frame as fast as it is read.
public final class SyntheticRoad: FrameSource, @unchecked Sendable {
  public let properties: SourceProperties
  /// The renderer; another one of the same size and seed gives the same pictures, and the truth with them.
  public let scene: SyntheticScene

  private let frameCount: UInt64?
  /// Nanoseconds a frame; nil when frames are not due at any time.
  private let period: UInt64?
  private var startTime: UInt64 = 0
  private var next: UInt64 = 0
  private var givesEveryFrame = false

  public static let defaultSize = PictureSize(width: 640, height: 480)

  /// - Parameters:
  ///   - size: sides 64...4096.
  ///   - seed: another number, another road.
  ///   - rate: frames a second, above 0 and at most 1000; nil for as fast as they are read.
  ///   - frames: how many there are; nil for no end.
  ///   - parts: what of the car is in the picture.
  public init(
    size: PictureSize = defaultSize, seed: UInt64 = 1, rate: Double? = nil, frames: UInt64? = nil,
    parts: SyntheticParts = []
  ) throws(RoadError) {
    if let rate {
      guard rate > 0, rate <= 1000 else {
        throw RoadError(
          .option, "a synthetic road of \(rate) frames a second", remedy: "choose a rate above 0 and at most 1000")
      }
      period = UInt64(1e9 / rate)
    } else {
      period = nil
    }
    scene = try SyntheticScene(size: size, seed: seed, parts: parts)
    frameCount = frames
    var properties = SourceProperties(
      name: "\(parts.text), seed \(seed)", size: size, format: .rgbx, nominalRate: rate, isLive: rate != nil,
      frameCount: frames.flatMap { Int(exactly: $0) }, maximumFrameBytes: 4 * size.pixels,
      isSynthetic: true)
    properties.cameraKey = properties.name
    self.properties = properties
  }

  public func deliverEveryFrame() { givesEveryFrame = true }

  public func start() {
    next = 0
    startTime = MonotonicClock.now()
  }

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    if let frameCount, next >= frameCount { return .ended }
    var skipped: UInt64 = 0
    var due = MonotonicClock.now()
    if let period {
      // Of the frames that are due, the newest; else the next one, if it falls due in time.
      let newest = (due - startTime) / period
      if newest > next, !givesEveryFrame { skipped = min(newest, (frameCount ?? .max) - 1) - next }
      due = startTime + (next + skipped) * period
      let deadline = Deadline.after(timeout)
      Deadline.sleep(until: min(due, deadline))
      if due > deadline { return .timedOut }
    }
    let sequence = next + skipped
    guard let pixels = frame.bytes.baseAddress, frame.bytes.count >= properties.maximumFrameBytes else {
      preconditionFailure("a frame of \(frame.bytes.count) bytes for a picture of \(properties.size)")
    }
    scene.render(frame: sequence, pixels: pixels, rowPitch: 4 * properties.size.width)
    frame.byteCount = properties.maximumFrameBytes
    frame.format = .rgbx
    frame.size = properties.size
    frame.rowPitch = 4 * properties.size.width
    frame.sequence = sequence
    frame.timestamp = due
    frame.timestampSource = period == nil ? .arrival : .startOfExposure
    next = sequence + 1
    return .frame(skipped: Int(skipped), lost: 0)
  }

  public func stop() {}
}
