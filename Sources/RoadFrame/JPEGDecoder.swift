import CJPEG
import Glibc
import RoadBase

/// JPEG to RGBX through libjpeg-turbo, in its accurate integer DCT and with interpolated chroma.
///
/// A camera's JPEG is untrusted: half frames and frames with lost packets are everyday events, and the decoder fills the
/// gaps with grey without failing. So a frame counts as whole only if
/// - it begins with the start marker and has an end marker within its last 4096 bytes (cameras pad after it), and
/// - the decoder has nothing to warn of but a few surplus bytes before a marker, which many cameras send in every frame.
///
/// One thread uses a decoder at a time.
public final class JPEGDecoder: @unchecked Sendable {
  /// How far from the end of the bytes the end marker may lie.
  static let paddingLimit = 4096
  /// Surplus bytes before a marker that are still no sign of damage.
  static let surplusLimit = 16

  private let handle: tjhandle

  /// - Throws: when there is no memory for a decoder.
  public init() throws(RoadError) {
    guard let handle = tjInitDecompress() else {
      throw RoadError(.picture, "libjpeg-turbo gives no decoder", remedy: "free some memory")
    }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// Width and height that the JPEG's header tells; nil if it is no JPEG or its sides are outside ``Picture/sides``.
  public func size(of bytes: UnsafeRawBufferPointer) -> PictureSize? {
    guard Self.startsAsJPEG(bytes) else { return nil }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colours: Int32 = 0
    let status = tjDecompressHeader3(
      handle, bytes.bindMemory(to: UInt8.self).baseAddress, UInt(bytes.count), &width, &height, &subsampling, &colours)
    // A warning alone (a code of -1 as well) leaves the size valid; `decode` judges it.
    guard status == 0 || isWarning, Picture.sides.contains(Int(width)), Picture.sides.contains(Int(height)) else {
      return nil
    }
    return PictureSize(width: Int(width), height: Int(height))
  }

  /// What can be said of a JPEG without decoding it.
  public enum Check: Hashable, Sendable {
    /// Both markers are there and the header is sound.
    case whole(PictureSize)
    case corrupt(CorruptFrame)
  }

  public func check(_ bytes: UnsafeRawBufferPointer) -> Check {
    guard Self.startsAsJPEG(bytes) else { return .corrupt(.undecodable) }
    guard Self.hasEndMarker(bytes) else { return .corrupt(.truncated) }
    guard let size = size(of: bytes) else { return .corrupt(.undecodable) }
    return .whole(size)
  }

  /// Fills `picture`, which must have the JPEG's size.
  public func decode(_ bytes: UnsafeRawBufferPointer, into picture: Picture) -> DecodeOutcome {
    let size: PictureSize
    switch check(bytes) {
    case .corrupt(let reason): return .corrupt(reason)
    case .whole(let found): size = found
    }
    guard size == picture.size else { return .corrupt(.wrongSize) }
    // RGBA rather than RGBX: the same bytes, with the promise that the fourth is 255. A limit on scans bounds the time that
    // a hostile progressive JPEG can take.
    let status = tjDecompress2(
      handle, bytes.bindMemory(to: UInt8.self).baseAddress, UInt(bytes.count), picture.base, Int32(size.width),
      Int32(picture.rowPitch), Int32(size.height), Int32(TJPF_RGBA.rawValue), TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
    return status == 0 || isWarning && warningIsHarmless ? .decoded : .corrupt(.undecodable)
  }

  static func startsAsJPEG(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 4 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF
  }

  static func hasEndMarker(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = bytes.count - 2
    let first = max(at - paddingLimit, 2)
    while at >= first {
      if bytes[at] == 0xFF, bytes[at + 1] == 0xD9 { return true }
      at -= 1
    }
    return false
  }

  private var isWarning: Bool { tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) }

  /// True for "Corrupt JPEG data: 1 extraneous bytes before marker 0xd9" and the like. libjpeg tells the first warning
  /// only, by its text only.
  private var warningIsHarmless: Bool {
    let prefix: StaticString = "Corrupt JPEG data: "
    guard let text = tjGetErrorStr2(handle),
      strncmp(text, UnsafeRawPointer(prefix.utf8Start).assumingMemoryBound(to: CChar.self), prefix.utf8CodeUnitCount)
        == 0
    else { return false }
    var end: UnsafeMutablePointer<CChar>?
    let count = strtoul(text + prefix.utf8CodeUnitCount, &end, 10)
    guard let end, end != text + prefix.utf8CodeUnitCount, strncmp(end, " extraneous bytes", 17) == 0 else {
      return false
    }
    return count <= UInt(Self.surplusLimit)
  }
}
