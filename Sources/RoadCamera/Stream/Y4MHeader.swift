import RoadBase
import RoadFrame

/// The first line of a YUV4MPEG2 stream, as mjpegtools' yuv4mpeg(5) describes it:
/// `YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL`.
struct Y4MHeader: Equatable {
  static let magic: StaticString = "YUV4MPEG2 "
  /// Bytes that the line may have.
  static let lineLimit = 1024
  /// Pixels that a frame may have.
  static let pixelLimit = 1 << 26

  var size: PictureSize
  /// Frames a second; nil if the stream does not say.
  var rate: Double?
  var format: PixelFormat
  var encoding: YUVEncoding
  /// 8 to 16; above 8 each sample takes two bytes, the low one first.
  var bitsPerSample = 8
  /// A plane of alpha behind the others, which is passed over.
  var hasAlpha = false

  /// - Parameters:
  ///   - line: without the newline.
  ///   - name: the stream, for messages.
  init(line: String, name: String) throws(RoadError) {
    let words = line.split(separator: " ").dropFirst()
    func value(_ tag: Character) -> Substring? { words.first { $0.first == tag }?.dropFirst() }
    guard let width = value("W").flatMap({ Int($0) }), let height = value("H").flatMap({ Int($0) }) else {
      throw RoadError(.stream, "\(name): the Y4M header tells no size: \"\(line.prefix(80))\"", remedy: Self.remedy)
    }
    guard Picture.sides.contains(width), Picture.sides.contains(height), width * height <= Self.pixelLimit else {
      throw RoadError(
        .stream, "\(name): frames of \(width)x\(height) are outside what roadseg takes",
        remedy: "scale the video to sides of 1 to 16384 and at most 64 megapixels")
    }
    size = PictureSize(width: width, height: height)
    rate = value("F").flatMap { Self.ratio($0) }
    // ffmpeg's older word for the same, where there is no C.
    let extended = words.first { $0.hasPrefix("XYSCSS=") }.map { $0.dropFirst(7).lowercased() }
    let chroma = value("C").map(String.init) ?? extended ?? "420jpeg"
    guard let kind = Self.kind(of: chroma) else {
      throw RoadError(
        .stream, "\(name): Y4M with chroma \"\(chroma.prefix(20))\" is not supported", remedy: Self.remedy)
    }
    (format, bitsPerSample) = kind
    hasAlpha = chroma == "444alpha"
    encoding = words.contains("XCOLORRANGE=FULL") ? .bt601Full : .bt601
  }

  /// "420p10", "mono16", "422": the planes and the bits of a sample.
  private static func kind(of chroma: String) -> (PixelFormat, bits: Int)? {
    switch chroma {
    case "420jpeg", "420paldv", "420mpeg2": return (.i420, 8)
    case "444alpha": return (.i444, 8)
    default: break
    }
    let planes: [(String, PixelFormat)] = [
      ("420", .i420), ("422", .i422), ("444", .i444), ("411", .i411), ("mono", .grey),
    ]
    guard let (word, format) = planes.first(where: { chroma.hasPrefix($0.0) }) else { return nil }
    var depth = chroma.dropFirst(word.count)
    if depth.isEmpty { return (format, 8) }
    // "420p10", but "mono10".
    if format != .grey, depth.popFirst() != "p" { return nil }
    guard let bits = Int(depth), (9...16).contains(bits) else { return nil }
    return (format, bits)
  }

  private static let remedy = "make it with ffmpeg's options -pix_fmt yuv420p -f yuv4mpegpipe"

  private static func ratio(_ text: Substring) -> Double? {
    let parts = text.split(separator: ":").map { Double($0) }
    guard parts.count == 2, let over = parts[0], let under = parts[1], over > 0, under > 0 else { return nil }
    return over / under
  }

  /// Bytes of a frame at 8 bits a sample.
  var frameBytes: Int {
    format.frameBytes(size: size, rowPitch: format.packedRowPitch(width: size.width)) ?? 0
  }

  /// Bytes of a frame as it is sent, without its header line.
  var sentBytes: Int { (frameBytes + (hasAlpha ? size.pixels : 0)) * (bitsPerSample > 8 ? 2 : 1) }
}

/// Frames of a Y4M stream behind its first line: `FRAME` and perhaps parameters, a newline, the planes.
struct Y4MParser: StreamParser {
  let frameBytes: Int

  func next(_ bytes: UnsafeRawBufferPointer) -> StreamPiece {
    let word: StaticString = "FRAME"
    let lineBytes = bytes.prefix(Y4MHeader.lineLimit)
    for i in 0..<min(bytes.count, word.utf8CodeUnitCount) where bytes[i] != word.utf8Start[i] { return .lost }
    guard let newline = lineBytes.firstIndex(of: 0x0A) else {
      return lineBytes.count == Y4MHeader.lineLimit ? .lost : .incomplete
    }
    guard newline >= word.utf8CodeUnitCount else { return .lost }
    let end = newline + 1 + frameBytes
    return bytes.count < end ? .incomplete : .frame(bytes: newline + 1..<end, used: end)
  }

  func last(_ bytes: UnsafeRawBufferPointer) -> StreamPiece {
    bytes.isEmpty ? .nothing(used: 0) : .corrupt(.truncated, used: bytes.count)
  }
}
