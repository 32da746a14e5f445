import RoadBase
import RoadKernels

/// What decoding one frame came to.
public enum DecodeOutcome: Hashable, Sendable {
  case decoded
  /// The frame is damaged, but every pixel that could be decoded is in the picture; only from a decoder that accepts
  /// that.
  case partly(CorruptFrame)
  /// The frame is unusable; what the picture then holds has no meaning.
  case corrupt(CorruptFrame)
}

/// Frames of any format to pictures at full size, or to what a network reads without one. One thread uses it at a time;
/// nothing here throws or allocates, but for what libjpeg and libpng keep for themselves while they decode one picture,
/// and copies for pictures that must be turned or mended, kept from one to the next.
public final class FrameDecoder: @unchecked Sendable {
  private let jpeg: JPEGDecoder
  private let png: PNGDecoder
  private let kernels = KernelSet.ofThisMachine
  private var rowScratch: PixelScratch?
  /// For frames that planes cannot hold as they are; made with the first one.
  private var detourPicture: Picture?

  /// - Parameters:
  ///   - maximumPixels: of a JPEG or PNG; a larger one is refused before it is decoded.
  ///   - acceptsPartial: whether a damaged JPEG or PNG gives `.partly` with the pixels that it has.
  /// - Throws: when there is no memory for a JPEG decoder.
  public init(
    maximumPixels: Int = Picture.defaultPixelLimit, acceptsPartial: Bool = false
  ) throws(RoadError) {
    jpeg = try JPEGDecoder(maximumPixels: maximumPixels, acceptsPartial: acceptsPartial)
    png = PNGDecoder(maximumPixels: maximumPixels, acceptsPartial: acceptsPartial)
  }

  /// Fills `picture` with a JPEG or PNG, by its first bytes.
  func decode(file: UnsafeRawBufferPointer, into picture: Picture) -> DecodeOutcome {
    PNGHeader.isPNG(file) ? png.decode(file, into: picture) : jpeg.decode(file, into: picture)
  }

  /// Why a JPEG or PNG is no use for pictures of `size`; nil if nothing speaks against it before it is decoded.
  public func flaw(ofFile bytes: UnsafeRawBufferPointer, wanting size: PictureSize) -> CorruptFrame? {
    guard PNGHeader.isPNG(bytes) else { return jpeg.flaw(of: bytes, wanting: size) }
    switch png.check(bytes) {
    case .success(let header): return header.orientation.size(of: header.size) == size ? nil : .wrongSize
    case .failure(let flaw): return flaw.reason
    }
  }

  /// Fills `picture` with `frame`, which must have the picture's size.
  ///
  /// The bytes are untrusted: a frame shorter than its format needs is `.truncated`, a JPEG that its decoder warns
  /// about is corrupt (see ``JPEGDecoder``).
  public func decode(_ frame: Frame, into picture: Picture) -> DecodeOutcome {
    guard frame.byteCount <= frame.bytes.count else { return .corrupt(.truncated) }
    if frame.format == .mjpeg || frame.format == .png {
      return decode(file: UnsafeRawBufferPointer(rebasing: frame.bytes[..<frame.byteCount]), into: picture)
    }
    guard frame.size == picture.size else { return .corrupt(.wrongSize) }
    guard let bytes = Self.bytes(ofRaw: frame) else { return .corrupt(.truncated) }
    guard let samples = YUVSamples(bytes, of: frame) else {
      for y in 0..<frame.size.height {
        picture.row(y).update(from: bytes + y * frame.rowPitch, count: 4 * frame.size.width)
      }
      return .decoded
    }
    let scratch = scratch(width: frame.size.width)
    for y in 0..<frame.size.height { samples.write(row: y, to: picture.row(y), with: scratch, kernels: kernels) }
    return .decoded
  }

  /// The bytes of a raw frame that has all that its format needs.
  private static func bytes(ofRaw frame: Frame) -> UnsafePointer<UInt8>? {
    let pitch = frame.rowPitch
    guard frame.byteCount <= frame.bytes.count, pitch >= frame.format.packedRowPitch(width: frame.size.width),
      let needed = frame.format.frameBytes(size: frame.size, rowPitch: pitch), frame.byteCount >= needed
    else { return nil }
    return frame.bytes.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
  }

  private func scratch(width: Int) -> PixelScratch {
    if let scratch = rowScratch, scratch.width >= width { return scratch }
    let fresh = PixelScratch(width: width)
    rowScratch = fresh
    return fresh
  }
}

extension FrameDecoder {
  /// What became of a frame on its way to a network that reads planes.
  public struct Prepared {
    public var outcome: DecodeOutcome
    /// Valid while frame and planes are, and until the next frame is prepared.
    public var pixels: FramePixels
    /// Whether the planes hold the frame already; else they are filled from the pixels where somebody needs them.
    public var planesAreFilled: Bool
  }

  /// Makes `frame` readable without a picture in between: a JPEG is decoded into `planes`, a raw frame stays where it
  /// is. What has no luma and chroma, or must be turned, goes through a picture.
  ///
  /// - Parameters:
  ///   - planes: of the frame's size, or smaller by the reduction.
  ///   - reduction: 1, or the factor by which JPEGs are made smaller; then planes are filled by JPEGs only.
  public func prepare(_ frame: Frame, planes: PlanarPicture, reduction: Int = 1) -> Prepared {
    precondition(
      reduction == 1 || planes.size == JPEGReduction.size(of: frame.size, by: reduction),
      "planes of \(planes.size) for \(frame.size) by \(reduction)")
    let size = reduction == 1 ? planes.size : frame.size
    func corrupt(_ reason: CorruptFrame) -> Prepared {
      Prepared(outcome: .corrupt(reason), pixels: .samples(planes.samples), planesAreFilled: true)
    }
    guard frame.byteCount <= frame.bytes.count else { return corrupt(.truncated) }
    switch frame.format {
    case .mjpeg:
      let bytes = UnsafeRawBufferPointer(rebasing: frame.bytes[..<frame.byteCount])
      if let outcome = jpeg.decode(bytes, of: size, into: planes) {
        return Prepared(outcome: outcome, pixels: .samples(planes.samples), planesAreFilled: true)
      }
    case .png, .rgbx: break
    default:
      guard frame.size == size else { return corrupt(.wrongSize) }
      guard let bytes = Self.bytes(ofRaw: frame), let samples = YUVSamples(bytes, of: frame) else {
        return corrupt(.truncated)
      }
      return Prepared(outcome: .decoded, pixels: .samples(samples), planesAreFilled: false)
    }
    guard let picture = detour(size) else { return corrupt(.noMemory) }
    let outcome = decode(frame, into: picture)
    if case .corrupt(let reason) = outcome { return corrupt(reason) }
    if reduction == 1 { planes.fill(from: .picture(picture)) }
    return Prepared(outcome: outcome, pixels: .picture(picture), planesAreFilled: true)
  }

  private func detour(_ size: PictureSize) -> Picture? {
    if let picture = detourPicture, picture.size == size { return picture }
    detourPicture = Picture(ifMemoryFor: size)
    return detourPicture
  }
}
