import Glibc
import RoadBase
import RoadFrame
import RoadSink
import Synchronization

/// Painted pictures as a video stream on a descriptor, for `roadseg live --output - | ffmpeg -i - …`.
///
/// A stream has no time stamps: its header names the source's rate, and each shown frame comes once, when it is there.
/// A reader that is slow costs frames, one that is gone ends the stream: `EPIPE` is the sink's error.
public final class StandardStream: FrameSink {
  public enum Format: String, Sendable, CaseIterable {
    /// YUV4MPEG2, 4:2:0, BT.601 of limited range.
    case y4m
    /// One JPEG after the other.
    case mjpeg
  }

  public let name = "stream"
  public let interest: SinkInterest = [.picture, .notices]
  public var destination: String? { "standard output (\(format.rawValue))" }
  private let format: Format
  private let descriptor: Int32

  /// Used by the lane's thread alone.
  private struct State: @unchecked Sendable {
    var encoder: JPEGEncoder?
    var planes: YUVPicture?
    var hasHeader = false
  }
  private let state = Mutex(State())

  public init(_ format: Format, descriptor: Int32 = STDOUT_FILENO) {
    self.format = format
    self.descriptor = descriptor
  }

  public func start(_ session: SinkSession) throws(RoadError) {
    let size = session.source.size
    switch format {
    case .mjpeg:
      let encoder = try JPEGEncoder(largest: size)
      state.withLock { $0.encoder = encoder }
    case .y4m:
      let header = state.withLock { state -> String? in
        state.planes = state.planes ?? YUVPicture(size: size, layout: .i420)
        defer { state.hasHeader = true }
        return state.hasHeader ? nil : Self.header(size, rate: session.source.nominalRate)
      }
      if let header { try write(Array(header.utf8)) }
    }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) { try write(frame.canvas) }

  public func receive(_ notice: VideoNotice) throws(RoadError) { try write(notice.canvas) }

  private func write(_ canvas: Canvas) throws(RoadError) {
    let (encoder, planes) = state.withLock { ($0.encoder, $0.planes) }
    if let encoder, let bytes = encoder.encode(canvas) {
      try check(System.writeAll(descriptor, bytes))
    } else if let planes {
      planes.fill(from: canvas)
      try check(Self.frameHeader.withUTF8Buffer { System.writeAll(descriptor, UnsafeRawBufferPointer($0)) })
      try check(System.writeAll(descriptor, UnsafeRawBufferPointer(planes.bytes)))
    }
  }

  private static let frameHeader: StaticString = "FRAME\n"

  private static func header(_ size: PictureSize, rate: Double?) -> String {
    let thousandths = Int(((rate ?? 30) * 1000).rounded())
    return
      "YUV4MPEG2 W\(size.width) H\(size.height) F\(max(thousandths, 1)):1000 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n"
  }

  private func write(_ bytes: [UInt8]) throws(RoadError) {
    try check(bytes.withUnsafeBytes { System.writeAll(descriptor, $0) })
  }

  private func check(_ code: Int32) throws(RoadError) {
    guard code != 0 else { return }
    throw RoadError(
      .output, "standard output: frames cannot be written: \(System.words(code))",
      remedy: code == EPIPE ? "its reader ended too early" : "free some space there, or send it elsewhere", code: code)
  }
}
