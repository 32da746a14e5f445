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
    let chroma = value("C").map(String.init) ?? "420jpeg"
    switch chroma {
    case "420", "420jpeg", "420paldv", "420mpeg2": format = .i420
    case "422": format = .i422
    case "mono": format = .grey
    default:
      throw RoadError(
        .stream, "\(name): Y4M with chroma \"\(chroma.prefix(20))\" is not supported", remedy: Self.remedy)
    }
    encoding = words.contains("XCOLORRANGE=FULL") ? .bt601Full : .bt601
  }

  private static let remedy = "make it with ffmpeg's options -pix_fmt yuv420p -f yuv4mpegpipe"

  private static func ratio(_ text: Substring) -> Double? {
    let parts = text.split(separator: ":").map { Double($0) }
    guard parts.count == 2, let over = parts[0], let under = parts[1], over > 0, under > 0 else { return nil }
    return over / under
  }

  /// Bytes of a frame without its header line.
  var frameBytes: Int {
    format.frameBytes(size: size, rowPitch: format.packedRowPitch(width: size.width)) ?? 0
  }
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

  func isPartOfFrame(_ bytes: UnsafeRawBufferPointer) -> Bool { !bytes.isEmpty }
}
