import RoadBase
import RoadFrame
import RoadRecorder

/// The pictures of recordings by their place, for what needs some of them or needs them twice: calibration, evaluation.
///
/// Damaged pictures have no place. Pictures are read from the disk each time; going forward costs one reading, a step
/// back begins anew. One thread uses it at a time.
public final class RecordedPictures {
  /// A picture that is whole as far as can be seen without decoding it.
  public struct Place: Hashable, Sendable {
    public var file: String
    /// The last 32 bits of the frame's ordinal, as its mask and its record carry it.
    public var ordinal: UInt32
    /// How many pictures, damaged ones included, come before it.
    fileprivate var position: Int

    /// For messages and manifests: "road-000000-20261129T020233Z.mcap#12".
    public var name: String { "\(file.split(separator: "/").last ?? "")#\(ordinal)" }
  }

  public let places: [Place]
  public let size: PictureSize

  private let source: RecordingSource
  private let frame: Frame
  private let decoder: FrameDecoder
  /// Of the picture that is read next.
  private var position = 0

  /// - Parameter paths: recordings, or folders of them.
  /// - Throws: `.recording` for what is no recording, or holds no picture that roadseg can read.
  public init(paths: [String], maximumPixels: Int = Picture.defaultPixelLimit) throws(RoadError) {
    source = try RecordingSource(paths: paths, maximumPixels: maximumPixels)
    size = source.properties.size
    frame = Frame(capacity: source.properties.maximumFrameBytes)
    decoder = try FrameDecoder(maximumPixels: maximumPixels)
    var places: [Place] = []
    var position = 0
    try source.start()
    walk: while true {
      switch source.read(into: frame, timeout: 0) {
      case .frame:
        places.append(
          Place(file: source.file, ordinal: UInt32(truncatingIfNeeded: frame.sequence), position: position))
      case .ended: break walk
      case .corrupt, .timedOut, .disconnected: break
      }
      position += 1
    }
    self.places = places
    self.position = position
  }

  /// - Throws: `.picture` where it cannot be decoded; `.recording` where the file has changed meanwhile.
  public func picture(at index: Int) throws(RoadError) -> Picture {
    try read(index)
    guard let picture = Picture(ifMemoryFor: size) else {
      throw RoadError(
        .picture, "\(places[index].name): no memory for \(size) pixels", remedy: "free some memory")
    }
    guard decoder.decode(frame, into: picture) == .decoded else {
      throw RoadError(
        .picture, "\(places[index].name): is damaged", remedy: "leave it out of the recording: see export")
    }
    return picture
  }

  /// As the camera sent it.
  public func bytes(at index: Int) throws(RoadError) -> [UInt8] {
    try read(index)
    return Array(frame.bytes[..<frame.byteCount])
  }

  /// A frame of its own as the camera sent it.
  public func frame(at index: Int) throws(RoadError) -> Frame {
    try read(index)
    let copy = Frame(capacity: max(frame.byteCount, 1))
    copy.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.bytes[..<frame.byteCount]))
    (copy.byteCount, copy.format, copy.size) = (frame.byteCount, frame.format, frame.size)
    (copy.rowPitch, copy.yuvEncoding) = (frame.rowPitch, frame.yuvEncoding)
    return copy
  }

  private func read(_ index: Int) throws(RoadError) {
    let place = places[index]
    // The frame holds the picture before `position`.
    if position == place.position + 1 { return }
    if position > place.position {
      try source.start()
      position = 0
    }
    var outcome = ReadOutcome.ended
    while position <= place.position {
      outcome = source.read(into: frame, timeout: 0)
      position += 1
      if outcome == .ended { break }
    }
    guard case .frame = outcome, UInt32(truncatingIfNeeded: frame.sequence) == place.ordinal else {
      position = .max
      throw RoadError(.recording, "\(place.file): changed while it was read", remedy: "run again when it is closed")
    }
  }
}
