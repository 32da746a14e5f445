import RoadBase
import RoadKernelContract
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

/// Frames of any format to pictures at full size. One thread uses it at a time; nothing here throws or allocates, but
/// for what libjpeg and libpng keep for themselves while they decode one picture, and a copy for pictures that must be
/// turned or mended, kept from one to the next.
public final class FrameDecoder: @unchecked Sendable {
  private let jpeg: JPEGDecoder
  private let png: PNGDecoder
  private let kernels = KernelSet.ofThisMachine

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
    let pitch = frame.rowPitch
    guard pitch >= frame.format.packedRowPitch(width: frame.size.width),
      let needed = frame.format.frameBytes(size: frame.size, rowPitch: pitch), frame.byteCount >= needed,
      let bytes = frame.bytes.bindMemory(to: UInt8.self).baseAddress
    else { return .corrupt(.truncated) }
    let raw = RawFrame(
      bytes: UnsafePointer(bytes), format: frame.format, size: frame.size, rowPitch: pitch, kernels: kernels)
    switch frame.yuvEncoding {
    case .bt601: raw.convert(by: BT601.self, to: picture)
    case .bt601Full: raw.convert(by: BT601Full.self, to: picture)
    case .bt709: raw.convert(by: BT709.self, to: picture)
    case .bt709Full: raw.convert(by: BT709Full.self, to: picture)
    }
    return .decoded
  }
}

/// A raw frame whose length was checked.
private struct RawFrame {
  let bytes: UnsafePointer<UInt8>
  let format: PixelFormat
  let size: PictureSize
  let rowPitch: Int
  let kernels: KernelSet

  func convert<Gains: YUVGains>(by gains: Gains.Type, to picture: Picture) {
    let width = size.width
    for y in 0..<size.height {
      let row = bytes + y * rowPitch
      let out = UnsafeMutableRawPointer(picture.row(y)).assumingMemoryBound(to: UInt32.self)
      switch format {
      case .yuyv: packed(row, lumaFirst: true, by: gains, out: out)
      case .uyvy: packed(row, lumaFirst: false, by: gains, out: out)
      case .nv12:
        let uv = bytes + rowPitch * size.height + (y / 2) * (rowPitch + rowPitch % 2)
        YUVRow<Gains>.semiPlanar(y: row, uv: uv, width: width, out: out)
      case .i420:
        let u = bytes + rowPitch * size.height + (y / 2) * chromaPitch
        YUVRow<Gains>.planar(y: row, u: u, v: u + chromaPitch * ((size.height + 1) / 2), width: width, out: out)
      case .i422:
        let u = bytes + rowPitch * size.height + y * chromaPitch
        YUVRow<Gains>.planar(y: row, u: u, v: u + chromaPitch * size.height, width: width, out: out)
      case .i444, .i411:
        let pitch = format == .i444 ? rowPitch : (rowPitch + 3) / 4
        let u = bytes + rowPitch * size.height + y * pitch
        YUVRow<Gains>.planar(
          y: row, u: u, v: u + pitch * size.height, pixelsPerChroma: format == .i444 ? 1 : 4, width: width, out: out)
      case .grey: YUVRow<Gains>.grey(row, width: width, out: out)
      case .rgbx: picture.row(y).update(from: row, count: 4 * width)
      case .mjpeg, .png: preconditionFailure("\(format) is not a raw format")
      }
    }
  }

  /// Pairs of pixels; the last one of an odd width takes the chroma of its half pair.
  private func packed<Gains: YUVGains>(
    _ row: UnsafePointer<UInt8>, lumaFirst: Bool, by gains: Gains.Type, out: UnsafeMutablePointer<UInt32>
  ) {
    let pairs = size.width / 2
    var arguments = PackedYUVRowArguments(
      source: row, pairs: pairs, lumaFirst: lumaFirst, luma: Int16(Gains.luma), redV: Int16(Gains.redV),
      greenU: Int16(Gains.greenU), greenV: Int16(Gains.greenV), blueU: Int16(Gains.blueU), black: Int16(Gains.black),
      destination: UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt8.self))
    kernels.packedYUVRow.run(&arguments)
    guard size.width % 2 == 1 else { return }
    let rest = row + 4 * pairs
    let (luma, chroma) = lumaFirst ? (0, 1) : (1, 0)
    YUVRow<Gains>.planar(
      y: rest + luma, u: rest + chroma, v: rest + chroma + 2, width: 1, out: out + 2 * pairs)
  }

  /// Bytes of a row of one planar chroma plane.
  private var chromaPitch: Int { (rowPitch + 1) / 2 }
}
