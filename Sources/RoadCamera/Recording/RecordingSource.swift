import RoadBase
import RoadFrame
import RoadRecorder

/// When the frames of a recording come.
public enum RecordingPace: Hashable, Sendable {
  /// Every frame, as fast as it is asked for.
  case everyFrame
  /// As they were recorded, so many times as fast; a late reader gets the newest and skips the rest.
  case recorded(speed: Double)
  /// Evenly, in frames a second; a late reader skips as well.
  case live(rate: Double)

  var isLive: Bool { self != .everyFrame }
}

/// The pictures of recordings (MCAP) as frames, one file after the other.
///
/// A frame's sequence number is its ordinal in the recording; its time stamp is that of its reading, for the latency
/// that is measured is this run's. A picture that is damaged or of another size than the first is a corrupt frame.
public final class RecordingSource: FrameSource, @unchecked Sendable {
  public let files: [String]
  public let properties: SourceProperties

  private let pace: RecordingPace
  private let decoder: FrameDecoder
  private let encoding: YUVEncoding
  private let maximumPixels: Int
  private var reader: RecordingReader?
  private var nextFile = 0
  /// Read, and not given yet.
  private var pending: RecordedPicture?
  private var given = 0
  private var startTime: UInt64 = 0
  private var firstTime: UInt64 = 0
  private var givesEveryFrame = false

  /// The largest frame that is believed.
  private static let largestFrame = 1 << 26

  /// - Parameters:
  ///   - paths: recordings, or folders of them.
  ///   - name: what the source is called in messages; nil for the first path.
  ///   - maximumPixels: larger pictures are corrupt frames.
  /// - Throws: `.recording` for what is no recording, or holds no picture that roadseg can read.
  public init(
    paths: [String], name: String? = nil, pace: RecordingPace = .everyFrame,
    maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) {
    switch pace {
    case .recorded(let factor), .live(let factor): precondition(factor.isFinite && factor > 0, "a pace of \(factor)")
    case .everyFrame: break
    }
    files = try RecordingFiles.files(paths)
    self.pace = pace
    self.maximumPixels = maximumPixels
    let decoder = try FrameDecoder(maximumPixels: maximumPixels)
    self.decoder = decoder
    let sample = try RecordingSample(files, decoder, maximumPixels)
    encoding = sample.encoding
    var rate = sample.rate
    switch pace {
    case .everyFrame: break
    case .recorded(let speed): rate = rate.map { $0 * speed }
    case .live(let wanted): rate = wanted
    }
    properties = SourceProperties(
      name: name ?? paths.first ?? "", size: sample.size, format: sample.format, nominalRate: rate, isLive: pace.isLive,
      frameCount: sample.frameCount,
      maximumFrameBytes: max(min(sample.largestMessage, Self.largestFrame), 4 * sample.size.pixels))
  }

  /// Of the picture that was read last.
  var file: String { files[max(nextFile - 1, 0)] }

  public func deliverEveryFrame() { givesEveryFrame = true }

  public func start() throws(RoadError) {
    nextFile = 0
    reader = nil
    pending = nil
    given = 0
    startTime = MonotonicClock.now()
  }

  public func stop() { reader = nil }

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    guard fetch() else { return .ended }
    guard pace.isLive else { return give(frame, skipped: 0) }
    guard wait(timeout) else { return .timedOut }
    var skipped = 0
    var outcome = give(frame, skipped: 0)
    // A reader that is late gets the newest one that is due.
    while !givesEveryFrame, case .frame = outcome, fetch(), let due = due(), due <= MonotonicClock.now() {
      skipped += 1
      outcome = give(frame, skipped: skipped)
    }
    return outcome
  }

  /// Makes sure that a picture is pending; false at the end.
  private func fetch() -> Bool {
    while pending == nil {
      if reader == nil {
        guard nextFile < files.count else { return false }
        nextFile += 1
        // What became unreadable since the start is passed over, as a damaged frame is.
        reader = try? RecordingReader(path: files[nextFile - 1])
        if reader == nil { continue }
      }
      pending = (try? reader?.nextPicture()) ?? nil
      if pending == nil { reader = nil }
    }
    return true
  }

  /// When the pending picture is to be shown, in nanoseconds of the monotonic clock.
  private func due() -> UInt64? {
    guard let pending else { return nil }
    switch pace {
    case .everyFrame: return 0
    case .live(let rate): return moment(after: Double(given) * 1e9 / rate)
    case .recorded(let speed):
      if given == 0 { firstTime = pending.time }
      let since = pending.time > firstTime ? pending.time - firstTime : 0
      return moment(after: Double(since) / speed)
    }
  }

  /// Nanoseconds after the start. A recording whose clock jumps by years does not stop for it.
  private func moment(after nanoseconds: Double) -> UInt64 {
    nanoseconds < 1e18 ? startTime &+ UInt64(nanoseconds) : 0
  }

  private func wait(_ timeout: UInt64) -> Bool {
    guard let due = due() else { return false }
    let now = MonotonicClock.now()
    guard due > now else { return true }
    Deadline.sleep(until: now + min(due - now, timeout))
    return due - now <= timeout
  }

  private func give(_ frame: Frame, skipped: Int) -> ReadOutcome {
    guard let picture = pending else { return .ended }
    pending = nil
    given += 1
    frame.sequence = UInt64(picture.ordinal)
    frame.timestamp = MonotonicClock.now()
    frame.timestampSource = .arrival
    guard picture.bytes.count <= frame.bytes.count else { return .corrupt(.wrongSize) }
    frame.bytes.copyMemory(from: picture.bytes)
    frame.byteCount = picture.bytes.count
    frame.format = picture.format
    frame.rowPitch = picture.rowPitch
    frame.yuvEncoding = encoding
    if let size = picture.size {
      frame.size = size
    } else {
      if let flaw = decoder.flaw(ofFile: picture.bytes, wanting: properties.size) { return .corrupt(flaw) }
      frame.size = properties.size
    }
    return frame.size == properties.size ? .frame(skipped: skipped, lost: 0) : .corrupt(.wrongSize)
  }
}

/// What the first pictures of some recordings tell about all.
private struct RecordingSample {
  var size = PictureSize(width: 0, height: 0)
  var format = PixelFormat.mjpeg
  var encoding = YUVEncoding.bt601
  var rate: Double?
  var frameCount: Int?
  var largestMessage = 0

  /// Messages that are looked at for the first picture.
  private static let patience = 100_000

  init(_ files: [String], _ decoder: FrameDecoder, _ maximumPixels: Int) throws(RoadError) {
    var count = 0
    var isFound = false
    var largest: PictureSize?
    for file in files {
      let reader = try RecordingReader(path: file)
      largestMessage = max(largestMessage, reader.largestMessage)
      count += reader.indexedPictures
      if !isFound {
        rate = reader.run["rate"].flatMap { Double($0) }
        if let known = rate, !(known > 0 && known <= 1000) { rate = nil }
        isFound = try find(reader, decoder, maximumPixels, &largest)
      }
    }
    if !isFound, let largest {
      throw RoadError(
        .recording, "\(files.first ?? ""): its pictures of \(largest) have more pixels than allowed",
        remedy: "allow them with --max-pixels")
    }
    guard isFound else {
      throw RoadError(
        .recording, "\(files.first ?? "no recording"): holds no picture that can be read",
        remedy: "roadseg reads foxglove.CompressedImage (JPEG) and foxglove.RawImage; see roadseg inspect")
    }
    frameCount = count > 0 ? count : nil
  }

  /// - Parameter refused: the size of a picture that is larger than allowed.
  private mutating func find(
    _ reader: RecordingReader, _ decoder: FrameDecoder, _ maximumPixels: Int, _ refused: inout PictureSize?
  ) throws(RoadError) -> Bool {
    let jpeg = try JPEGDecoder(maximumPixels: maximumPixels)
    var isFound = false
    for _ in 0..<Self.patience {
      guard let message = try reader.next() else { return isFound }
      if message.isImage, !isFound, let picture = RecordedPicture(message),
        let size = reader.size(of: picture, decoder, jpeg)
      {
        guard size.pixels <= maximumPixels else {
          refused = size
          continue
        }
        (self.size, format, isFound) = (size, picture.format, true)
        if format == .mjpeg || format == .png { return true }
      }
      if let name = message.frameRecord()?.yuvEncoding, let known = YUVEncoding(rawValue: name) {
        encoding = known
        if isFound { return true }
      }
    }
    return isFound
  }
}
