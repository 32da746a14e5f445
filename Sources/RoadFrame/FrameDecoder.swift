import RoadBase

/// What decoding one frame came to.
public enum DecodeOutcome: Hashable, Sendable {
  case decoded
  /// The frame is unusable; what the picture then holds has no meaning.
  case corrupt(CorruptFrame)
}

/// Frames of any format to pictures at full size. One thread uses it at a time; nothing here throws or allocates, but
/// for what libjpeg keeps for itself while it decodes one JPEG.
public final class FrameDecoder: @unchecked Sendable {
  private let jpeg: JPEGDecoder

  /// - Throws: when there is no memory for a JPEG decoder.
  public init() throws(RoadError) { jpeg = try JPEGDecoder() }

  /// Fills `picture` with `frame`, which must have the picture's size.
  ///
  /// The bytes are untrusted: a frame shorter than its format needs is `.truncated`, a JPEG that its decoder warns about
  /// is corrupt (see ``JPEGDecoder``).
  public func decode(_ frame: Frame, into picture: Picture) -> DecodeOutcome {
    guard frame.byteCount <= frame.bytes.count else { return .corrupt(.truncated) }
    if frame.format == .mjpeg {
      return jpeg.decode(UnsafeRawBufferPointer(rebasing: frame.bytes[..<frame.byteCount]), into: picture)
    }
    guard frame.size == picture.size else { return .corrupt(.wrongSize) }
    let pitch = frame.rowPitch
    guard pitch >= frame.format.packedRowPitch(width: frame.size.width),
      let needed = frame.format.frameBytes(size: frame.size, rowPitch: pitch), frame.byteCount >= needed,
      let bytes = frame.bytes.bindMemory(to: UInt8.self).baseAddress
    else { return .corrupt(.truncated) }
    RawFrame(bytes: bytes, format: frame.format, size: frame.size, rowPitch: pitch, encoding: frame.yuvEncoding)
      .convert(to: picture)
    return .decoded
  }
}

/// A raw frame whose length was checked.
private struct RawFrame {
  let bytes: UnsafePointer<UInt8>
  let format: PixelFormat
  let size: PictureSize
  let rowPitch: Int
  let encoding: YUVEncoding

  init(
    bytes: UnsafeMutablePointer<UInt8>, format: PixelFormat, size: PictureSize, rowPitch: Int, encoding: YUVEncoding
  ) {
    self.bytes = UnsafePointer(bytes)
    self.format = format
    self.size = size
    self.rowPitch = rowPitch
    self.encoding = encoding
  }

  func convert(to picture: Picture) {
    switch format {
    case .yuyv: packed(luma: 0, u: 1, v: 3, to: picture)
    case .uyvy: packed(luma: 1, u: 0, v: 2, to: picture)
    case .nv12: semiPlanar(to: picture)
    case .i420: planar(chromaRowShift: 1, to: picture)
    case .i422: planar(chromaRowShift: 0, to: picture)
    case .grey: grey(to: picture)
    case .rgbx: copy(to: picture)
    case .mjpeg: preconditionFailure("MJPEG is not a raw format")
    }
  }

  private func packed(luma: Int, u: Int, v: Int, to picture: Picture) {
    let gains = encoding.gains
    for y in 0..<size.height {
      let row = bytes + y * rowPitch
      YUVRow.convert(
        y: row + luma, lumaStep: 2, u: row + u, v: row + v, chromaStep: 4, width: size.width, gains: gains,
        out: picture.row(y))
    }
  }

  private func semiPlanar(to picture: Picture) {
    let gains = encoding.gains
    let chroma = bytes + rowPitch * size.height
    let chromaPitch = rowPitch + rowPitch % 2
    for y in 0..<size.height {
      let uv = chroma + (y / 2) * chromaPitch
      YUVRow.convert(
        y: bytes + y * rowPitch, lumaStep: 1, u: uv, v: uv + 1, chromaStep: 2, width: size.width, gains: gains,
        out: picture.row(y))
    }
  }

  private func planar(chromaRowShift: Int, to picture: Picture) {
    let gains = encoding.gains
    let chromaPitch = (rowPitch + 1) / 2
    let chromaRows = (size.height + (1 << chromaRowShift) - 1) >> chromaRowShift
    let planeU = bytes + rowPitch * size.height
    let planeV = planeU + chromaPitch * chromaRows
    for y in 0..<size.height {
      let offset = (y >> chromaRowShift) * chromaPitch
      YUVRow.convert(
        y: bytes + y * rowPitch, lumaStep: 1, u: planeU + offset, v: planeV + offset, chromaStep: 1,
        width: size.width, gains: gains, out: picture.row(y))
    }
  }

  private func grey(to picture: Picture) {
    let gains = encoding.gains
    for y in 0..<size.height {
      YUVRow.convertGrey(y: bytes + y * rowPitch, width: size.width, gains: gains, out: picture.row(y))
    }
  }

  private func copy(to picture: Picture) {
    for y in 0..<size.height {
      picture.row(y).update(from: bytes + y * rowPitch, count: 4 * size.width)
    }
  }
}
