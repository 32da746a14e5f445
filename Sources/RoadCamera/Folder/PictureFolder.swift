import RoadBase
import RoadFrame

/// Pictures in files, played as frames: the JPEGs and PNGs of a folder and its subfolders in natural order, those of a
/// list, or one.
///
/// The first decodable picture tells the size of all; a picture that is unreadable, damaged or of another size is a
/// corrupt frame, and the next `read` goes on. A frame's sequence number is its place in ``files``. Files are read
/// without allocation; the pipeline decodes them.
public final class PictureFolder: FrameSource, @unchecked Sendable {
  /// Paths in the order of the frames.
  public let files: [String]
  public let properties: SourceProperties

  private let pace: Pace
  private let decoder: FrameDecoder
  /// Frames given or skipped so far, repeats included.
  private var position = 0
  private var startTime: UInt64 = 0
  private var givesEveryFrame = false

  /// - Parameters:
  ///   - path: a folder; a list file (`.txt`, see ``PictureList``); or one picture.
  ///   - maximumPixels: a larger picture is a corrupt frame.
  /// - Throws: `.picture` if nothing is there, nothing in it is a picture, or no picture can be decoded.
  public convenience init(
    path: String, pace: Pace = .everyFrame, maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) {
    try self.init(
      files: try PictureListing.files(at: path).map(\.path), name: path, pace: pace, maximumPixels: maximumPixels)
  }

  /// - Parameters:
  ///   - files: at least one path.
  ///   - name: what the source is called in messages.
  ///   - acceptsPartial: whether a single picture may be damaged.
  public init(
    files: [String], name: String, pace: Pace = .everyFrame, maximumPixels: Int = Picture.defaultPixelLimit,
    acceptsPartial: Bool = false
  ) throws(RoadError) {
    if case .live(let rate, _) = pace {
      precondition(rate.isFinite && rate > 0, "a rate of \(rate) frames a second")
    }
    self.files = files
    self.pace = pace
    decoder = try FrameDecoder(maximumPixels: maximumPixels)
    let size = try PictureListing.size(
      of: files, name: name, maximumPixels: maximumPixels, acceptsPartial: acceptsPartial)
    var rate: Double?
    var repeats = false
    if case .live(let wanted, let again) = pace { (rate, repeats) = (wanted, again) }
    properties = SourceProperties(
      name: name, size: size, format: .mjpeg, nominalRate: rate, isLive: pace.isLive,
      frameCount: repeats ? nil : files.count, maximumFrameBytes: max(PictureListing.largestFile(files), 1))
  }

  /// The pictures that a path stands for, as ``init(path:pace:maximumPixels:)`` takes it; they are not looked into.
  ///
  /// - Parameter excluded: a folder below it that is left out, such as that of the results.
  public static func files(at path: String, excluding excluded: String? = nil) throws(RoadError) -> [ListedPicture] {
    try PictureListing.files(at: path, excluding: excluded)
  }

  public func deliverEveryFrame() { givesEveryFrame = true }

  public func start() throws(RoadError) {
    position = 0
    startTime = MonotonicClock.now()
  }

  public func stop() {}

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    var skipped = 0
    if case .live(let rate, let repeats) = pace {
      switch waitForDueFrame(rate: rate, repeats: repeats, timeout: timeout) {
      case .none: return .timedOut
      case .some(let due):
        skipped = due - position
        position = due
      }
      if repeats, position >= files.count { return load(position % files.count, into: frame, skipped: skipped) }
    }
    guard position < files.count else { return .ended }
    return load(position, into: frame, skipped: skipped)
  }

  /// The number of the frame to show now, waiting for it if it is not due yet; nil if that takes longer than `timeout`.
  private func waitForDueFrame(rate: Double, repeats: Bool, timeout: UInt64) -> Int? {
    let period = 1e9 / rate
    let now = MonotonicClock.now()
    var due = givesEveryFrame ? position : max(Int(Double(now - startTime) / period), position)
    // The last picture of a folder that is played once is shown, however late.
    if !repeats, position < files.count { due = min(due, files.count - 1) }
    let dueTime = startTime + UInt64(Double(due) * period)
    guard dueTime > now else { return due }
    Deadline.sleep(until: now + min(dueTime - now, timeout))
    return dueTime - now <= timeout ? due : nil
  }

  private func load(_ index: Int, into frame: Frame, skipped: Int) -> ReadOutcome {
    frame.sequence = UInt64(position)
    position += 1
    frame.timestamp = MonotonicClock.now()
    frame.timestampSource = .arrival
    guard let count = PictureListing.read(files[index], into: frame.bytes) else { return .corrupt(.undecodable) }
    frame.byteCount = count
    let bytes = UnsafeRawBufferPointer(rebasing: frame.bytes[..<count])
    frame.format = PictureFile.isPNG(bytes) ? .png : .mjpeg
    frame.rowPitch = 0
    frame.size = properties.size
    if let flaw = decoder.flaw(ofFile: bytes, wanting: properties.size) { return .corrupt(flaw) }
    return .frame(skipped: skipped, lost: 0)
  }
}
