import RoadBase
import RoadFrame
import RoadMask

/// Takes a recording apart into files that other programs read: `roadseg export`.
public struct RecordingExport {
  public enum Target: String, CaseIterable, Sendable {
    case avi, y4m, pictures, masks, overlays
  }

  /// Nanoseconds since the recording's first message.
  public var start: UInt64 = 0
  public var end: UInt64 = .max
  /// Every so many-th picture or mask of the range.
  public var stride = 1

  private let files: [String]

  /// What came of it.
  public struct Result: Codable, Hashable, Sendable {
    public var written = 0
    /// Damaged, or of another size than the first.
    public var leftOut = 0
    public var files: [String] = []
  }

  /// - Parameter paths: recordings, or folders of them.
  public init(paths: [String]) throws(RoadError) { files = try RecordingFiles.files(paths) }

  /// Each message of the range to `body`; messages of other topics count nothing for the stride.
  private func forEach(
    _ isWanted: (RecordedMessage) -> Bool, each body: (RecordedMessage) throws(RoadError) -> Void
  ) throws(RoadError) {
    var first: UInt64?
    var count = 0
    for file in files {
      let reader = try RecordingReader(path: file)
      if let first, start > 0 { reader.skip(to: first &+ start) }
      while let message = try reader.next() {
        first = first ?? message.logTime
        let time = message.logTime - min(first ?? 0, message.logTime)
        guard isWanted(message), time >= start, time <= end else { continue }
        defer { count += 1 }
        if count % stride == 0 { try body(message) }
      }
    }
  }

  /// A gigabyte, however small its frames.
  private static let movieLimits = AVIWriter.Limits(places: 1 << 20)

  /// Motion JPEG, numbered from the second gigabyte on: clip.avi, clip-2.avi, …
  public func avi(to path: String) throws(RoadError) -> Result {
    var result = Result()
    let size = try self.size()
    let encoder = try JPEGEncoder(largest: size, quality: 95)
    let (decoder, check) = (try FrameDecoder(), try JPEGDecoder())
    let (frame, picture) = (Frame(capacity: Self.frameBytes(size)), Picture(size: size))
    var times: (first: UInt64, last: UInt64)?
    result.files = [path]
    var writer = try AVIWriter(replacing: path, size: size, limits: Self.movieLimits)
    func rate(_ frames: Int) -> Double {
      guard let times, times.last > times.first, frames > 1 else { return 30 }
      return Double(frames - 1) * 1e9 / Double(times.last - times.first)
    }
    try forEach(\.isImage) { (message) throws(RoadError) in
      guard let recorded = RecordedPicture(message) else {
        result.leftOut += 1
        return
      }
      var jpeg = recorded.bytes
      if recorded.format == .mjpeg {
        guard check.flaw(of: jpeg, wanting: size) == nil else {
          result.leftOut += 1
          return
        }
      } else {
        guard frame.fill(recorded), decoder.decode(frame, into: picture) == .decoded, let made = encoder.encode(picture)
        else {
          result.leftOut += 1
          return
        }
        jpeg = made
      }
      if !writer.fits(jpeg.count) {
        try writer.finish(rate: rate(writer.frames))
        result.files.append(Self.numbered(path, result.files.count + 1))
        let next = result.files[result.files.count - 1]
        writer = try AVIWriter(replacing: next, size: size, limits: Self.movieLimits)
        times = nil
      }
      try writer.append(jpeg)
      times = (times?.first ?? recorded.time, recorded.time)
      result.written += 1
    }
    try writer.finish(rate: rate(writer.frames))
    return result
  }

  /// YUV4MPEG2; "-" is standard output.
  public func y4m(to path: String) throws(RoadError) -> Result {
    var result = Result(files: [path])
    let writer = try Y4MWriter(path: path, size: try size(), rate: try pictureRate() / Double(stride))
    try forEach(\.isImage) { (message) throws(RoadError) in
      if let recorded = RecordedPicture(message), try writer.add(recorded) {
        result.written += 1
      } else {
        result.leftOut += 1
      }
    }
    return result
  }

  /// Class maps as PNGs: `frame-000042.png`.
  public func masks(to folder: String) throws(RoadError) -> Result {
    try FileOutput.makeFolder(folder)
    var result = Result()
    let classes = try RecordingReader(path: files[0]).classes()
    let isMask = { (message: RecordedMessage) in message.kind == .mask }
    try forEach(isMask) { (message) throws(RoadError) in
      guard let png = try message.mask()?.png(classes) else {
        result.leftOut += 1
        return
      }
      try FileOutput.write(png, to: "\(folder)/\(Self.name(message.sequence)).png")
      result.written += 1
    }
    return result
  }

  /// Pictures as JPEGs, and `frames.csv` with what is known of each frame number.
  public func pictures(to folder: String) throws(RoadError) -> Result {
    try FileOutput.makeFolder(folder)
    var result = Result()
    let encoder = try JPEGEncoder(largest: try size(), quality: 95)
    let (decoder, picture) = (try FrameDecoder(), Picture(size: try size()))
    let frame = Frame(capacity: Self.frameBytes(picture.size))
    try forEach(\.isImage) { (message) throws(RoadError) in
      guard let recorded = RecordedPicture(message) else {
        result.leftOut += 1
        return
      }
      let path = "\(folder)/\(Self.name(recorded.ordinal)).\(recorded.format == .png ? "png" : "jpg")"
      if recorded.format == .mjpeg || recorded.format == .png {
        try FileOutput.write(recorded.bytes, to: path)
      } else if frame.fill(recorded), decoder.decode(frame, into: picture) == .decoded {
        try encoder.write(picture, to: path)
      } else {
        result.leftOut += 1
        return
      }
      result.written += 1
    }
    try FileOutput.write(try table(), to: "\(folder)/frames.csv")
    return result
  }

  /// Pictures with their recorded masks over them, as JPEGs.
  ///
  /// - Parameter painter: makes, for a size and the recording's classes, what paints a mask over a picture.
  public func overlays(
    to folder: String, painter: (PictureSize, ClassTable) -> (ClassMap, Picture) -> Void
  ) throws(RoadError) -> Result {
    guard let classes = try RecordingReader(path: files[0]).classes() else {
      throw RoadError(.recording, "\(files[0]): holds no class table", remedy: "export masks instead")
    }
    try FileOutput.makeFolder(folder)
    var result = Result()
    let size = try self.size()
    let (picture, map, frame) = (Picture(size: size), ClassMap(size: size), Frame(capacity: Self.frameBytes(size)))
    let (decoder, encoder) = (try FrameDecoder(), try JPEGEncoder(largest: size))
    let paint = painter(size, classes)
    // A mask comes after its picture; pictures wait for it, a few at most.
    var waiting: [(ordinal: UInt32, bytes: [UInt8], picture: RecordedPicture)] = []
    let isWanted = { (message: RecordedMessage) in message.isImage || message.kind == .mask }
    var wholeRange = self
    wholeRange.stride = 1
    var masks = 0
    try wholeRange.forEach(isWanted) { (message) throws(RoadError) in
      if message.isImage {
        if let recorded = RecordedPicture(message) {
          waiting.append((recorded.ordinal, Array(recorded.bytes), recorded))
          if waiting.count > 64 { waiting.removeFirst() }
        }
        return
      }
      defer { masks += 1 }
      guard masks % stride == 0 else { return }
      guard let labels = message.mask()?.values(), labels.size == size,
        let entry = waiting.last(where: { $0.ordinal == message.sequence }),
        frame.fill(entry.picture, bytes: entry.bytes), decoder.decode(frame, into: picture) == .decoded
      else {
        result.leftOut += 1
        return
      }
      _ = map.bytes.update(fromContentsOf: labels.values)
      paint(map, picture)
      try encoder.write(picture, to: "\(folder)/\(Self.name(message.sequence)).jpg")
      result.written += 1
    }
    return result
  }
}

extension RecordingExport {
  /// Of the files of a frame, without ending: "frame-000042".
  public static func name(_ ordinal: UInt32) -> String {
    let digits = String(ordinal)
    return "frame-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  static func frameBytes(_ size: PictureSize) -> Int { max(4 * size.pixels, 1 << 20) }

  private static func numbered(_ path: String, _ number: Int) -> String {
    let dot = path.lastIndex(of: ".") ?? path.endIndex
    return "\(path[..<dot])-\(number)\(path[dot...])"
  }

  /// Of the first picture that can be read.
  private func size() throws(RoadError) -> PictureSize {
    let (decoder, jpeg) = (try FrameDecoder(), try JPEGDecoder())
    for file in files {
      let reader = try RecordingReader(path: file)
      while let picture = try reader.nextPicture() {
        if let size = reader.size(of: picture, decoder, jpeg), size.pixels <= Picture.defaultPixelLimit { return size }
      }
    }
    throw RoadError(
      .recording, "\(files.first ?? ""): holds no picture that can be read", remedy: "see roadseg inspect")
  }

  /// Pictures a second on the whole.
  private func pictureRate() throws(RoadError) -> Double {
    var (count, first, last): (Int, UInt64, UInt64) = (0, .max, 0)
    for file in files {
      let reader = try RecordingReader(path: file)
      while let message = try reader.next() {
        guard message.isImage else { continue }
        count += 1
        first = min(first, message.publishTime)
        last = max(last, message.publishTime)
      }
    }
    return count > 1 && last > first ? Double(count - 1) * 1e9 / Double(last - first) : 30
  }

  private func table() throws(RoadError) -> String {
    var wholeRange = self
    wholeRange.stride = 1
    var lines = ["ordinal,count,fate,sequence,kernel_ns,latency_ms,road_share,mask_hash"]
    let isRecord = { (message: RecordedMessage) in message.kind == .frame }
    try wholeRange.forEach(isRecord) { (message) throws(RoadError) in
      guard let record = message.frameRecord() else { return }
      let fields: [String] = [
        "\(record.ordinal)", "\(record.count)", record.fate, record.sequence.map { "\($0)" } ?? "",
        record.kernelNs.map { "\($0)" } ?? "", record.latencyMs.map { "\($0)" } ?? "",
        record.roadShare.map { "\($0)" } ?? "", record.maskHash ?? "",
      ]
      // Text of a file that anybody may have written.
      lines.append(fields.map { $0.filter { $0 != "," && !$0.isNewline } }.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension Frame {
  /// Takes a recorded picture over; false where it does not fit.
  func fill(_ recorded: RecordedPicture) -> Bool {
    guard recorded.bytes.count <= bytes.count else { return false }
    bytes.copyMemory(from: recorded.bytes)
    return describe(recorded, byteCount: recorded.bytes.count)
  }

  /// The same with bytes that were kept apart.
  func fill(_ recorded: RecordedPicture, bytes kept: [UInt8]) -> Bool {
    guard kept.count <= bytes.count else { return false }
    kept.withUnsafeBytes { bytes.copyMemory(from: $0) }
    return describe(recorded, byteCount: kept.count)
  }

  private func describe(_ recorded: RecordedPicture, byteCount: Int) -> Bool {
    self.byteCount = byteCount
    format = recorded.format
    rowPitch = recorded.rowPitch
    size = recorded.size ?? size
    return true
  }
}
