import CPNG
import RoadBase

/// libpng's full reader over bytes in memory; its simplified one takes 16-bit files for linear light and applies gamma,
/// which no other reader of photographs does.
final class PNGReader {
  private let state: UnsafeMutablePointer<road_png>

  /// - Returns: nil where the file is damaged before its pixels.
  init?(_ bytes: UnsafeRawBufferPointer) {
    state = .allocate(capacity: 1)
    state.initialize(to: road_png())
    guard road_png_open(state, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count) != 0 else { return nil }
  }

  deinit {
    road_png_close(state)
    state.deallocate()
  }

  /// What libpng said last.
  var message: String {
    withUnsafeBytes(of: state.pointee.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private var failure: CorruptFrame {
    // libpng's own words for a failed allocation are "Out of memory" and "insufficient memory".
    let words = message
    if words.hasSuffix("memory") { return .noMemory }
    return words.contains("ends too early") ? .truncated : .undecodable
  }

  /// Reads a photograph into `picture`, which must have its stored size; rows that are missing stay as they were.
  func photograph(into picture: Picture) -> CorruptFrame? {
    guard road_png_photograph(state) != 0 else { return failure }
    guard road_png_row_bytes(state) == 4 * picture.size.width else { return .undecodable }
    guard road_png_rows(state, picture.base, picture.rowPitch, picture.size.height) != 0 else { return failure }
    return nil
  }

  /// Reads the values of a label picture: `channels` samples a pixel of 1 or 2 bytes, the high byte first.
  ///
  /// - Parameter bytesPerSample: 2 for a bit depth of 16, else 1.
  func labels(_ size: PictureSize, channels: Int, bytesPerSample: Int) -> [UInt8]? {
    let pitch = size.width * channels * bytesPerSample
    guard road_png_labels(state) != 0, road_png_row_bytes(state) == pitch, Memory.isAvailable(pitch * size.height)
    else { return nil }
    var values = [UInt8](repeating: 0, count: pitch * size.height)
    let isRead = values.withUnsafeMutableBufferPointer { road_png_rows(state, $0.baseAddress, pitch, size.height) }
    return isRead != 0 && road_png_end(state) != 0 ? values : nil
  }
}

/// PNG photographs into pictures, upright. One thread uses it at a time.
final class PNGDecoder {
  private let maximumPixels: Int
  private let acceptsPartial: Bool
  private var stored: Picture?

  init(maximumPixels: Int, acceptsPartial: Bool) {
    self.maximumPixels = maximumPixels
    self.acceptsPartial = acceptsPartial
  }

  /// The size as shown, or why there is no picture.
  func check(_ bytes: UnsafeRawBufferPointer) -> Result<PNGHeader, FrameFlaw> {
    guard let header = PNGHeader(bytes) else { return .failure(FrameFlaw(.undecodable)) }
    return header.refusal(maximumPixels: maximumPixels).map { .failure(FrameFlaw($0)) } ?? .success(header)
  }

  func decode(_ bytes: UnsafeRawBufferPointer, into picture: Picture) -> DecodeOutcome {
    let header: PNGHeader
    switch check(bytes) {
    case .success(let found): header = found
    case .failure(let flaw): return .corrupt(flaw.reason)
    }
    guard header.orientation.size(of: header.size) == picture.size else { return .corrupt(.wrongSize) }
    guard let reader = PNGReader(bytes) else { return .corrupt(.undecodable) }
    if header.orientation == .upright { return outcome(of: reader, into: picture) }
    if stored?.size != header.size {
      stored = nil
      stored = Picture(ifMemoryFor: header.size)
    }
    guard let stored else { return .corrupt(.noMemory) }
    let outcome = outcome(of: reader, into: stored)
    header.orientation.turn(stored, into: picture)
    return outcome
  }

  private func outcome(of reader: PNGReader, into picture: Picture) -> DecodeOutcome {
    // Rows that are missing must not show an older picture.
    if acceptsPartial { picture.fill(red: 0, green: 0, blue: 0) }
    guard let flaw = reader.photograph(into: picture) else { return .decoded }
    return acceptsPartial && flaw != .noMemory ? .partly(flaw) : .corrupt(flaw)
  }
}
