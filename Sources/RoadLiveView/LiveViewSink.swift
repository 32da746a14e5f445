import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadMetres
import RoadSink
import RoadTelemetry
import Synchronization

/// The page's end of the pipeline: keeps the newest painted picture and class map, and encodes pictures while somebody
/// watches.
///
/// Runs in a ``SinkLane`` with its newest-wins policy, so that neither encoding nor viewers cost the pipeline anything.
public final class LiveViewSink: FrameSink {
  public let name = "page"
  public let interest: SinkInterest = [.picture, .map, .notices]

  let frames = LiveFrames()
  /// The road from above, where the camera is calibrated.
  let birdsEyeFrames = LiveFrames()
  /// Counts who reads events; no frames go through it.
  let eventReaders = LiveFrames()
  let history = LatencyHistory()
  private let latest = Mutex<Latest?>(nil)

  /// Owned by the lane's thread between `start` and `stop`, read by requests under the lock.
  private struct Latest: @unchecked Sendable {
    let session: SinkSession
    let canvas: Canvas
    let map: ClassMap
    let encoder: JPEGEncoder
    /// Of the newest frame; nil where nothing is measured.
    let figures: RoadFigures?
    var ordinal: Int?
    /// Made when it is first looked at.
    var birdsEye: (view: BirdsEye, encoder: JPEGEncoder)?

    /// The newest frame's; nil where the camera is not calibrated.
    mutating func birdsEyePicture() -> Data? {
      guard let calibration = session.calibration else { return nil }
      if birdsEye == nil {
        let view = BirdsEye(calibration, extent: LiveViewSink.birdsEyeExtent)
        birdsEye = (try? JPEGEncoder(largest: view.extent.size)).map { (view, $0) }
      }
      guard let birdsEye else { return nil }
      birdsEye.view.draw(canvas)
      if let figures { birdsEye.view.draw(figures) }
      return birdsEye.encoder.encode(.rgbx(birdsEye.view.picture)).map { Data($0) }
    }
  }

  static let birdsEyeExtent = BirdsEye.Extent()

  public init() {}

  public func start(_ session: SinkSession) throws(RoadError) {
    let size = session.source.size
    let fresh = Latest(
      session: session, canvas: Canvas(session.canvas, size: size), map: ClassMap(size: size),
      encoder: try JPEGEncoder(largest: size), figures: session.figures.map { RoadFigures(like: $0) })
    latest.withLock { $0 = fresh }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    let now = MonotonicClock.now()
    if now > frame.stamp.timestamp { history.record(nanoseconds: now - frame.stamp.timestamp, at: now) }
    let isWatched = frames.viewers > 0
    let isSeenFromAbove = birdsEyeFrames.viewers > 0
    let (jpeg, birdsEye): (Data?, Data?) = latest.withLock { latest in
      guard let current = latest else { return (nil, nil) }
      current.canvas.copy(from: frame.canvas)
      current.map.copy(from: frame.map)
      if let figures = frame.figures { current.figures?.copy(from: figures) }
      latest?.ordinal = frame.stamp.ordinal
      return (
        isWatched ? current.encoder.encode(current.canvas).map { Data($0) } : nil,
        isSeenFromAbove ? latest?.birdsEyePicture() : nil
      )
    }
    if let jpeg { frames.publish(jpeg) }
    if let birdsEye { birdsEyeFrames.publish(birdsEye) }
  }

  public func receive(_ notice: VideoNotice) throws(RoadError) {
    let isWatched = frames.viewers > 0
    let jpeg: Data? = latest.withLock { latest in
      guard let latest else { return nil }
      latest.canvas.copy(from: notice.canvas)
      return isWatched ? latest.encoder.encode(latest.canvas).map { Data($0) } : nil
    }
    if let jpeg { frames.publish(jpeg) }
  }

  package var birdsEyeViewers: Int { birdsEyeFrames.viewers }

  /// What the frames are; nil before the first start.
  var session: SinkSession? { latest.withLock { $0?.session } }

  /// Ordinal of the newest frame; nil before the first.
  var ordinal: Int? { latest.withLock { $0?.ordinal } }

  /// The newest picture with its overlay; nil before the first frame.
  func snapshot() -> Data? {
    latest.withLock { latest in
      guard let latest, latest.ordinal != nil else { return nil }
      return latest.encoder.encode(latest.canvas).map { Data($0) }
    }
  }

  /// The road from above on the newest frame; nil before the first, and where the camera is not calibrated.
  func birdsEye() -> Data? {
    latest.withLock { latest in latest?.ordinal == nil ? nil : latest?.birdsEyePicture() }
  }

  /// The newest class map as a PNG of class numbers, shown in the classes' colours; nil before the first frame.
  func mask() -> Data? {
    latest.withLock { latest in
      guard let latest, latest.ordinal != nil, let values = UnsafePointer(latest.map.bytes.baseAddress) else {
        return nil
      }
      var palette = latest.session.classes.classes.map {
        PNG.RGB(red: $0.colour.red, green: $0.colour.green, blue: $0.colour.blue)
      }
      palette += Array(repeating: PNG.RGB(red: 0, green: 0, blue: 0), count: max(0, 256 - palette.count))
      do throws(RoadError) {
        return Data(try PNG.paletted(values, size: latest.map.size, palette: palette))
      } catch {
        return nil
      }
    }
  }
}
