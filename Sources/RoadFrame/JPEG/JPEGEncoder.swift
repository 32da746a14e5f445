import CJPEG
import RoadBase

/// Pictures to baseline JPEG (4:2:0) through libjpeg-turbo, into memory that is allocated once.
///
/// One thread uses an encoder at a time.
public final class JPEGEncoder: @unchecked Sendable {
  private let handle: tjhandle
  private let buffer: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private let quality: Int32

  /// - Parameters:
  ///   - largest: the largest picture that will be encoded.
  ///   - quality: 1 (smallest) to 100 (best); 85 is visually near the original.
  /// - Throws: when there is no memory for an encoder.
  public init(largest: PictureSize, quality: Int = 85) throws(RoadError) {
    precondition((1...100).contains(quality), "JPEG quality \(quality)")
    precondition(
      Picture.sides.contains(largest.width) && Picture.sides.contains(largest.height), "a picture of \(largest) pixels")
    let bytes = tjBufSize(Int32(largest.width), Int32(largest.height), Int32(TJSAMP_420.rawValue))
    guard let handle = tjInitCompress() else {
      throw RoadError(.picture, "libjpeg-turbo gives no encoder", remedy: "free some memory")
    }
    self.handle = handle
    self.quality = Int32(quality)
    capacity = Int(bytes)
    buffer = .allocate(capacity: capacity)
  }

  deinit {
    tjDestroy(handle)
    buffer.deallocate()
  }

  /// The canvas as JPEG; see ``encode(_:)-(Picture)``.
  public func encode(_ canvas: Canvas) -> UnsafeRawBufferPointer? {
    switch canvas {
    case .rgbx(let picture): encode(picture)
    case .planes(let planes): encode(planes)
    }
  }

  /// Planes of chroma at half of both sides as JPEG, which takes no conversion.
  private func encode(_ planes: PlanarPicture) -> UnsafeRawBufferPointer? {
    precondition(planes.sampling == .halfBoth, "planes of \(planes.sampling)")
    let (width, height) = (Int32(planes.size.width), Int32(planes.size.height))
    let needed = tjBufSize(width, height, Int32(TJSAMP_420.rawValue))
    precondition(Int(needed) <= capacity, "a picture of \(planes.size) is larger than this encoder's largest")
    var target: UnsafeMutablePointer<UInt8>? = buffer
    var count = UInt(capacity)
    var sources: (UnsafePointer<UInt8>?, UnsafePointer<UInt8>?, UnsafePointer<UInt8>?) = (
      UnsafePointer(planes.luma), UnsafePointer(planes.u), UnsafePointer(planes.v)
    )
    var pitches = (Int32(planes.lumaPitch), Int32(planes.chromaPitch), Int32(planes.chromaPitch))
    let status = withUnsafeMutablePointer(to: &sources) { sources in
      sources.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: 3) { sources in
        withUnsafePointer(to: &pitches) { pitches in
          pitches.withMemoryRebound(to: Int32.self, capacity: 3) { pitches in
            tjCompressFromYUVPlanes(
              handle, sources, width, pitches, height, Int32(TJSAMP_420.rawValue), &target, &count, quality,
              TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
          }
        }
      }
    }
    return status == 0 ? UnsafeRawBufferPointer(start: buffer, count: Int(count)) : nil
  }

  /// The picture as JPEG; valid until the next call and while the encoder lives. Nil if the encoder fails, which it
  /// does for want of memory only.
  public func encode(_ picture: Picture) -> UnsafeRawBufferPointer? {
    let width = Int32(picture.size.width)
    let height = Int32(picture.size.height)
    let needed = tjBufSize(width, height, Int32(TJSAMP_420.rawValue))
    precondition(Int(needed) <= capacity, "a picture of \(picture.size) is larger than this encoder's largest")
    var target: UnsafeMutablePointer<UInt8>? = buffer
    var count = UInt(capacity)
    let status = tjCompress2(
      handle, picture.base, width, Int32(picture.rowPitch), height, Int32(TJPF_RGBX.rawValue), &target, &count,
      Int32(TJSAMP_420.rawValue), quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
    return status == 0 ? UnsafeRawBufferPointer(start: buffer, count: Int(count)) : nil
  }
}

extension JPEGEncoder {
  /// Writes the picture as a JPEG file, whole or not at all.
  public func write(_ picture: Picture, to path: String) throws(RoadError) { try write(.rgbx(picture), to: path) }

  /// Writes the canvas as a JPEG file, whole or not at all.
  public func write(_ canvas: Canvas, to path: String) throws(RoadError) {
    guard let bytes = encode(canvas) else {
      throw RoadError(.output, "\(path): no memory for the JPEG encoder", remedy: "close other programs")
    }
    try FileOutput.write(bytes, to: path)
  }
}
