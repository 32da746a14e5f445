import Glibc
import RoadBase
import RoadFrame
import RoadSink
import Synchronization

/// Painted pictures into a V4L2 output device, where other programs (OBS, GStreamer, browsers) find them as a camera:
/// v4l2loopback, or the output of a video card. YUYV, BT.601 of limited range.
public final class VideoOutput: FrameSink {
  public let name = "video device"
  public let interest: SinkInterest = [.picture, .notices]
  public var destination: String? { path }
  private let path: String
  private let port: any VideoOutputPort
  /// Of the frames; nil while stopped. Used by the lane's thread alone.
  private struct State: @unchecked Sendable { var picture: YUVPicture? }
  private let state = Mutex(State())

  /// Nanoseconds that the driver may take to have room for a frame: less than a second, after which a lane counts as
  /// stuck.
  private static let patience: UInt64 = 500_000_000

  public convenience init(path: String) { self.init(path: path, port: KernelVideoOutput()) }

  package init(path: String, port: any VideoOutputPort) {
    self.path = path
    self.port = port
  }

  /// - Throws: `.output`: no such device, none for output, in use, or of another size.
  public func start(_ session: SinkSession) throws(RoadError) {
    let size = session.source.size
    let code = port.open(path)
    guard code == 0 else { throw Self.opening(path, code) }
    do throws(RoadError) {
      guard port.isOutput else {
        throw RoadError(
          .output, "\(path): takes no pictures; it is a camera or another kind of device",
          remedy: "make an output device: modprobe v4l2loopback", code: ENODEV)
      }
      guard let given = port.set(size: size, rate: session.source.nominalRate) else {
        throw RoadError(
          .output, "\(path): does not take YUYV of \(size)", remedy: "use another device or another --size")
      }
      guard given == size else {
        throw RoadError(
          .output, "\(path): takes pictures of \(given) only, these are \(size)", remedy: "give --size \(given)")
      }
    } catch {
      port.close()
      throw error
    }
    state.withLock { $0.picture = $0.picture ?? YUVPicture(size: size, layout: .yuyv) }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) { try write(frame.canvas) }

  public func receive(_ notice: VideoNotice) throws(RoadError) { try write(notice.canvas) }

  private func write(_ canvas: Canvas) throws(RoadError) {
    guard let picture = state.withLock({ $0.picture }) else { preconditionFailure("video output not started") }
    picture.fill(from: canvas)
    let code = port.write(UnsafeRawBufferPointer(picture.bytes), until: MonotonicClock.now() + Self.patience)
    guard code == 0 else {
      throw RoadError(
        .output, "\(path): a frame cannot be written: \(System.words(code))",
        remedy: "check the device; it is opened again", code: code)
    }
  }

  public func stop() { port.close() }

  private static func opening(_ path: String, _ code: Int32) -> RoadError {
    let remedy =
      switch code {
      case ENOENT, ENXIO, ENODEV: "make an output device: modprobe v4l2loopback"
      case EACCES, EPERM: "add yourself to the group `video`: sudo usermod -aG video $USER, then log in again"
      case EBUSY: "end the program that writes to it"
      default: "check the device"
      }
    return RoadError(.output, "\(path): cannot be opened: \(System.words(code))", remedy: remedy, code: code)
  }
}

/// The calls that a video output device answers: the kernel's, or a script's in tests. Error numbers are those of the
/// system, 0 for none. One thread uses it.
package protocol VideoOutputPort: Sendable {
  func open(_ path: String) -> Int32
  var isOutput: Bool { get }
  /// Asks for YUYV of this size.
  ///
  /// - Returns: the size that the driver takes; nil where it takes no YUYV.
  func set(size: PictureSize, rate: Double?) -> PictureSize?
  /// Waits for room until a moment of the monotonic clock; then `ETIMEDOUT`.
  func write(_ bytes: UnsafeRawBufferPointer, until deadline: UInt64) -> Int32
  /// Gives everything back; also of a device that is gone.
  func close()
}
