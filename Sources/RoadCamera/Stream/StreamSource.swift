import Glibc
import RoadBase
import RoadFrame

/// Frames from a byte stream, such as what `ffmpeg … -f mjpeg -` or `… -f yuv4mpegpipe -` write: motion JPEG or Y4M,
/// told apart by the first bytes.
///
/// Memory is bounded whatever comes. Bytes between JPEGs are skipped; a frame that is no picture or of another size
/// than the first is a corrupt frame; whether all pixels of a JPEG are there, decoding it shows. A raw stream that ends
/// half way through a frame gives `.corrupt(.truncated)`, then `.ended`.
public final class StreamSource: FrameSource, @unchecked Sendable {
  /// Bytes that one JPEG may have before its size is known, and later: the largest that any camera sends, and more.
  static let largestJPEG = 1 << 24

  public let properties: SourceProperties

  private var buffer: StreamBuffer
  private var parser: any StreamParser
  private let decoder: JPEGDecoder
  private let encoding: YUVEncoding
  /// 8 to 16, of a raw stream; frames are given at 8.
  private let bitsPerSample: Int
  private let ownedDescriptor: Int32?
  private var sequence: UInt64 = 0
  /// Frames drained in favour of the one about to be given.
  private var drained = 0
  private var givesEveryFrame = false
  /// What the next `read` has to tell, found while draining.
  private var pending: ReadOutcome?
  private var hasEnded = false

  /// Waits for the beginning of the stream, which tells the size.
  ///
  /// - Parameters:
  ///   - descriptor: open for reading; stays open. 0 is standard input.
  ///   - name: what the source is called in messages.
  ///   - isLive: whether the newest frame wins; else every frame is given.
  ///   - patience: nanoseconds to wait for the first frame.
  /// - Throws: `.stream` if it is neither kind, ends too early or does not begin in time.
  public convenience init(
    descriptor: Int32, name: String, isLive: Bool = false, patience: UInt64 = 30_000_000_000
  ) throws(RoadError) {
    try self.init(descriptor: descriptor, owned: false, name: name, isLive: isLive, patience: patience)
  }

  /// The same from a file: a recorded stream.
  public convenience init(path: String, isLive: Bool = false) throws(RoadError) {
    let descriptor: Int
    switch System.open(path, O_RDONLY) {
    case .done(let opened): descriptor = opened
    case .failed(let code):
      throw RoadError(.stream, "\(path): cannot be read: \(System.words(code))", remedy: "check the path")
    }
    try self.init(descriptor: Int32(descriptor), owned: true, name: path, isLive: isLive, patience: 30_000_000_000)
  }

  private init(descriptor: Int32, owned: Bool, name: String, isLive: Bool, patience: UInt64) throws(RoadError) {
    var opening = StreamOpening(descriptor: descriptor, name: name, patience: patience)
    let decoder: JPEGDecoder
    let found: StreamOpening.Found
    do throws(RoadError) {
      decoder = try JPEGDecoder()
      found = try opening.detect(decoder)
    } catch {
      opening.buffer.deallocate()
      if owned { System.close(descriptor) }
      throw error
    }
    self.decoder = decoder
    buffer = opening.buffer
    parser = found.parser
    encoding = found.encoding
    bitsPerSample = found.bitsPerSample
    ownedDescriptor = owned ? descriptor : nil
    properties = SourceProperties(
      name: name, size: found.size, format: found.format, nominalRate: found.rate, isLive: isLive, frameCount: nil,
      maximumFrameBytes: found.frameBytes)
  }

  deinit {
    buffer.deallocate()
    if let ownedDescriptor { System.close(ownedDescriptor) }
  }

  public func deliverEveryFrame() { givesEveryFrame = true }

  public func start() throws(RoadError) {}

  public func stop() {}

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    if let outcome = pending {
      pending = nil
      return outcome
    }
    if hasEnded { return .ended }
    let deadline = Deadline.after(timeout)
    var isFilled = false
    drained = 0
    while true {
      switch nextFrame(into: frame, deadline: isFilled ? 0 : deadline) {
      case .frame:
        if givesEveryFrame || !properties.isLive { return .frame(skipped: 0, lost: 0) }
        if isFilled { drained += 1 }
        isFilled = true
        // A stream faster than its reader must not keep it here for ever.
        if drained == 31 { return .frame(skipped: drained, lost: 0) }
      case let other:
        if !isFilled { return other }
        if other != .timedOut { pending = other }
        return .frame(skipped: drained, lost: 0)
      }
    }
  }

  /// The next frame in the stream's order; `frame` is touched only when one is there.
  private func nextFrame(into frame: Frame, deadline: UInt64) -> ReadOutcome {
    // While draining, the frame before may have been the stream's last.
    if hasEnded { return .ended }
    while true {
      switch parser.next(buffer.bytes) {
      case .frame(let range, let used):
        let outcome = take(UnsafeRawBufferPointer(rebasing: buffer.bytes[range]), into: frame)
        buffer.consume(used)
        return outcome
      case .nothing(let used): buffer.consume(used)
      case .corrupt(let reason, let used):
        buffer.consume(used)
        sequence += 1
        return .corrupt(reason)
      case .lost: return end(with: .undecodable)
      case .incomplete:
        switch buffer.fill(timeout: Deadline.remaining(deadline)) {
        case .more: break
        case .timedOut: return .timedOut
        case .full: return end(with: .undecodable)
        case .ended: return last(into: frame)
        }
      }
    }
  }

  /// What is left when no more bytes come: a frame that lacks its end marker only, the beginning of one, or nothing.
  private func last(into frame: Frame) -> ReadOutcome {
    switch parser.last(buffer.bytes) {
    case .frame(let range, let used):
      let outcome = take(UnsafeRawBufferPointer(rebasing: buffer.bytes[range]), into: frame)
      buffer.consume(used)
      hasEnded = true
      return outcome
    case .corrupt(let reason, _): return end(with: reason)
    default: return end(with: nil)
    }
  }

  private func end(with reason: CorruptFrame?) -> ReadOutcome {
    hasEnded = true
    guard let reason else { return .ended }
    return .corrupt(reason)
  }

  private func take(_ bytes: UnsafeRawBufferPointer, into frame: Frame) -> ReadOutcome {
    let number = sequence
    sequence += 1
    if properties.format == .mjpeg, let flaw = decoder.flaw(of: bytes, wanting: properties.size) {
      return .corrupt(flaw)
    }
    let count = properties.format == .mjpeg ? bytes.count : properties.maximumFrameBytes
    guard count <= frame.bytes.count else { return .corrupt(.wrongSize) }
    if bitsPerSample > 8 {
      SampleDepth.upperBytes(of: bytes, bits: bitsPerSample, into: frame.bytes, count: count)
    } else {
      // A plane of alpha, if any, is left out.
      frame.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
    frame.byteCount = count
    frame.format = properties.format
    frame.size = properties.size
    frame.rowPitch = properties.format.packedRowPitch(width: properties.size.width)
    frame.yuvEncoding = encoding
    frame.sequence = number
    frame.timestamp = MonotonicClock.now()
    frame.timestampSource = .arrival
    return .frame(skipped: 0, lost: 0)
  }
}

/// Samples of more than 8 bits to bytes.
enum SampleDepth {
  /// The upper 8 of `bits` bits of each of `count` samples of two bytes, the low byte first.
  static func upperBytes(
    of source: UnsafeRawBufferPointer, bits: Int, into out: UnsafeMutableRawBufferPointer, count: Int
  ) {
    precondition((9...16).contains(bits) && source.count >= 2 * count && out.count >= count, "\(bits) bits, \(count)")
    let shift = UInt16(bits - 8)
    for index in 0..<count {
      let sample = source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self).littleEndian
      out[index] = UInt8(truncatingIfNeeded: min(sample &>> shift, 255))
    }
  }
}
