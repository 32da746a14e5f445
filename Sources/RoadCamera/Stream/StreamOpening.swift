import RoadBase
import RoadFrame

/// The beginning of a stream: which kind it is, and what its frames look like.
struct StreamOpening {
  struct Found {
    var parser: any StreamParser
    var size: PictureSize
    var format: PixelFormat
    var encoding = YUVEncoding.bt601
    var rate: Double?
    var frameBytes: Int
    var bitsPerSample = 8
  }

  var buffer: StreamBuffer
  private let name: String
  private let deadline: UInt64
  private let descriptor: Int32
  /// Why the first frames that came were no use.
  private var refusal: CorruptFrame?

  private static let remedy =
    "send motion JPEG or Y4M, for example: "
    + "ffmpeg -i video.mp4 -f yuv4mpegpipe -pix_fmt yuv420p - | roadseg run - --output masks"

  init(descriptor: Int32, name: String, patience: UInt64) {
    self.descriptor = descriptor
    self.name = name
    deadline = Deadline.after(patience)
    // Memory that is not touched is not taken from the machine: only as much as the largest frame needs ever is.
    buffer = StreamBuffer(descriptor: descriptor, capacity: StreamSource.largestJPEG + (1 << 20))
  }

  mutating func detect(_ decoder: JPEGDecoder) throws(RoadError) -> Found {
    while buffer.bytes.count < 10 { try fillMore() }
    let magic = Y4MHeader.magic
    let isY4M = (0..<magic.utf8CodeUnitCount).allSatisfy { buffer.bytes[$0] == magic.utf8Start[$0] }
    return isY4M ? try y4m() : try motionJPEG(decoder)
  }

  private mutating func y4m() throws(RoadError) -> Found {
    var newline = buffer.bytes.prefix(Y4MHeader.lineLimit).firstIndex(of: 0x0A)
    while newline == nil, buffer.bytes.count < Y4MHeader.lineLimit {
      try fillMore()
      newline = buffer.bytes.prefix(Y4MHeader.lineLimit).firstIndex(of: 0x0A)
    }
    guard let newline else { throw RoadError(.stream, "\(name): the Y4M header does not end", remedy: Self.remedy) }
    let header = try Y4MHeader(line: String(decoding: buffer.bytes[..<newline], as: UTF8.self), name: name)
    buffer.consume(newline + 1)
    growBuffer(to: header.sentBytes + Y4MHeader.lineLimit)
    return Found(
      parser: Y4MParser(frameBytes: header.sentBytes), size: header.size, format: header.format,
      encoding: header.encoding, rate: header.rate, frameBytes: header.frameBytes,
      bitsPerSample: header.bitsPerSample)
  }

  /// Looks at the first JPEG with pixels, which stays in the buffer as the first frame.
  private mutating func motionJPEG(_ decoder: JPEGDecoder) throws(RoadError) -> Found {
    var parser = MotionJPEGParser(limit: StreamSource.largestJPEG)
    var seen = 0
    var hasEnded = false
    while true {
      switch hasEnded ? parser.last(buffer.bytes) : parser.next(buffer.bytes) {
      case .frame(let range, let used):
        let first = UnsafeRawBufferPointer(rebasing: buffer.bytes[range])
        guard case .corrupt(let reason) = decoder.check(first) else {
          return try motionJPEG(of: first, decoder)
        }
        refusal = reason
        seen += used
        buffer.consume(used)
      case .nothing(let used), .corrupt(_, let used):
        seen += used
        buffer.consume(used)
        guard seen < 1 << 20 else {
          throw unusable("neither motion JPEG nor Y4M in the first megabyte")
        }
      case .incomplete: hasEnded = try !fill()
      case .lost: throw unusable("is no motion JPEG")
      }
      if hasEnded, buffer.bytes.isEmpty {
        throw unusable("the stream ended before its first whole frame")
      }
    }
  }

  private func motionJPEG(of first: UnsafeRawBufferPointer, _ decoder: JPEGDecoder) throws(RoadError) -> Found {
    guard let size = decoder.size(of: first) else { throw unusable("is no motion JPEG") }
    // Two bytes a pixel is what UVC cameras reserve; a third for good measure.
    let bytes = min(max(3 * size.pixels, 1 << 18, first.count), StreamSource.largestJPEG)
    return Found(
      parser: MotionJPEGParser(limit: StreamSource.largestJPEG), size: size, format: .mjpeg, frameBytes: bytes)
  }

  /// Frames that came but could not be used are the true reason, whatever ended the search.
  private func unusable(_ cause: String) -> RoadError {
    guard let refusal else { return RoadError(.stream, "\(name): \(cause)", remedy: Self.remedy) }
    return RoadError(
      .stream, "\(name): no frame can be used: \(refusal.words)", remedy: "send 8-bit YCbCr or grey JPEG, or Y4M")
  }

  /// - Returns: false when the stream has ended.
  private mutating func fill() throws(RoadError) -> Bool {
    switch buffer.fill(timeout: Deadline.remaining(deadline)) {
    case .more: return true
    case .timedOut:
      throw RoadError(.stream, "\(name): no frame arrived in time", remedy: "check the program that sends them")
    case .ended: return false
    case .full: throw RoadError(.stream, "\(name): a frame larger than any camera sends", remedy: Self.remedy)
    }
  }

  private mutating func fillMore() throws(RoadError) {
    guard try fill() else { throw unusable("the stream ended before its first whole frame") }
  }

  private mutating func growBuffer(to capacity: Int) {
    guard capacity > StreamSource.largestJPEG else { return }
    var larger = StreamBuffer(descriptor: descriptor, capacity: capacity)
    larger.append(buffer.bytes)
    buffer.deallocate()
    buffer = larger
  }
}
