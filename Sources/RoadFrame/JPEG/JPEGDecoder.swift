import CJPEG
import Glibc
import RoadBase

/// JPEG to RGBX through libjpeg-turbo, in its accurate integer DCT and with interpolated chroma; turned upright where
/// its EXIF data says how it was held. Or to its planes, as they are stored.
///
/// A camera's JPEG is untrusted: half frames and frames with lost packets are everyday events, and libjpeg fills the
/// gaps with grey without failing. What other readers show without loss is no damage, though: surplus bytes between
/// segments, padding before and after the end marker, none at all, two start markers, empty pictures in front, odd
/// versions. So the picture's extent is found by its markers (``JPEGLayout``), the oddities are taken out
/// (``JPEGRepair``), and what libjpeg then warns of is a lack of pixels.
///
/// One thread uses a decoder at a time.
public final class JPEGDecoder: @unchecked Sendable {
  /// Surplus bytes before the end marker that are still taken for padding; more are a sign of two frames run together.
  static let paddingLimit = 4096
  /// Surplus bytes within the picture data that are still no sign of damage.
  static let surplusLimit = 16

  private let handle: tjhandle
  private let maximumPixels: Int
  private let acceptsPartial: Bool
  /// A copy of a JPEG that needs repair; grows to the largest.
  private var repaired = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The picture as stored where it must be turned.
  private var stored: Picture?

  /// - Parameters:
  ///   - maximumPixels: a larger picture is refused before it is decoded.
  ///   - acceptsPartial: whether a damaged picture gives `.partly` with the pixels that it has.
  /// - Throws: when there is no memory for a decoder.
  public init(maximumPixels: Int = Picture.defaultPixelLimit, acceptsPartial: Bool = false) throws(RoadError) {
    guard let handle = tjInitDecompress() else {
      throw RoadError(.picture, "libjpeg-turbo gives no decoder", remedy: "free some memory")
    }
    self.handle = handle
    self.maximumPixels = maximumPixels
    self.acceptsPartial = acceptsPartial
  }

  deinit {
    tjDestroy(handle)
    repaired.deallocate()
  }

  /// Width and height of the picture as it is shown; nil if it is no JPEG that can be decoded.
  public func size(of bytes: UnsafeRawBufferPointer) -> PictureSize? {
    guard case .whole(let size) = check(bytes) else { return nil }
    return size
  }

  /// What can be said of a JPEG without decoding it.
  public enum Check: Hashable, Sendable {
    /// The header is sound and there is picture data; the size is that of the picture as it is shown.
    case whole(PictureSize)
    case corrupt(CorruptFrame)
  }

  public func check(_ bytes: UnsafeRawBufferPointer) -> Check {
    switch layout(of: bytes) {
    case .success(let layout): .whole(layout.orientation.size(of: layout.size))
    case .failure(let flaw): .corrupt(flaw.reason)
    }
  }

  /// Why a frame is no use for pictures of `size`; nil if nothing speaks against it before it is decoded. A frame that
  /// has the size only as it is stored fits as well: a camera's own size goes before its EXIF data.
  public func flaw(of bytes: UnsafeRawBufferPointer, wanting size: PictureSize) -> CorruptFrame? {
    switch layout(of: bytes) {
    case .success(let layout): layout.fits(size) ? nil : .wrongSize
    case .failure(let flaw): flaw.reason
    }
  }

  private func layout(of bytes: UnsafeRawBufferPointer) -> Result<JPEGLayout, FrameFlaw> {
    JPEGLayout.of(bytes).flatMap { layout in
      layout.refusal(maximumPixels: maximumPixels).map { .failure(FrameFlaw($0)) } ?? .success(layout)
    }
  }

  /// Fills `picture`, which must have the JPEG's size as it is shown (or, failing that, as it is stored).
  public func decode(_ bytes: UnsafeRawBufferPointer, into picture: Picture) -> DecodeOutcome {
    let layout: JPEGLayout
    switch self.layout(of: bytes) {
    case .success(let found): layout = found
    case .failure(let flaw): return .corrupt(flaw.reason)
    }
    guard layout.fits(picture.size) else { return .corrupt(.wrongSize) }
    let orientation = layout.orientation.size(of: layout.size) == picture.size ? layout.orientation : .upright
    guard orientation != .upright else { return decode(bytes, layout, into: .rgbx(picture)) }
    guard let target = storedPicture(layout.size) else { return .corrupt(.noMemory) }
    let outcome = decode(bytes, layout, into: .rgbx(target))
    orientation.turn(target, into: picture)
    return outcome
  }

  /// Fills `planes` with luma and chroma as they are stored, of a JPEG of `size` or made smaller to that of the planes.
  ///
  /// - Returns: nil where they are stored in another way than planes can hold, or must be turned.
  func decode(_ bytes: UnsafeRawBufferPointer, of size: PictureSize, into planes: PlanarPicture) -> DecodeOutcome? {
    let layout: JPEGLayout
    switch self.layout(of: bytes) {
    case .success(let found): layout = found
    case .failure(let flaw): return .corrupt(flaw.reason)
    }
    guard layout.fits(size) else { return .corrupt(.wrongSize) }
    guard layout.orientation == .upright || layout.orientation.size(of: layout.size) != size,
      let source = source(bytes, layout), let sampling = sampling(of: source)
    else { return nil }
    planes.sampling = sampling
    return decode(bytes, layout, into: .planes(planes))
  }

  /// How the chroma of a JPEG is stored; nil for ways that planes cannot hold.
  private func sampling(of source: UnsafeRawBufferPointer) -> PlanarPicture.Sampling? {
    var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
      tjDecompressHeader3(
        handle, source.bindMemory(to: UInt8.self).baseAddress, UInt(source.count), &width, &height, &subsampling,
        &colours) == 0
    else { return nil }
    switch (UInt32(colours), UInt32(subsampling)) {
    case (TJCS_YCbCr.rawValue, TJSAMP_420.rawValue): return .halfBoth
    case (TJCS_YCbCr.rawValue, TJSAMP_422.rawValue): return .halfWidth
    case (TJCS_GRAY.rawValue, TJSAMP_GRAY.rawValue): return .grey
    default: return nil
    }
  }

  private func decode(_ bytes: UnsafeRawBufferPointer, _ layout: JPEGLayout, into canvas: Canvas) -> DecodeOutcome {
    let outcome = decompress(bytes, layout, into: canvas)
    guard layout.trailingZeros > 0, outcome != .decoded, outcome != .corrupt(.noMemory) else { return outcome }
    // Optimized tables may code a flat area as zeros. They are data where the picture is whole with just as many.
    if decompress(bytes, layout.withZerosAsData, into: canvas, takesSurplus: false) == .decoded { return .decoded }
    return acceptsPartial ? decompress(bytes, layout, into: canvas) : outcome
  }

  /// - Parameter takesSurplus: whether bytes that no pixel needs are harmless.
  private func decompress(
    _ bytes: UnsafeRawBufferPointer, _ layout: JPEGLayout, into canvas: Canvas, takesSurplus: Bool = true
  ) -> DecodeOutcome {
    guard let source = source(bytes, layout) else { return .corrupt(.noMemory) }
    let status = decompress(source, into: canvas)
    // Without an end marker the rest is missing, whatever stands in its place.
    let damage: CorruptFrame = layout.hasEndMarker ? .undecodable : .truncated
    if status != 0, !isWarning { return .corrupt(isMemoryError ? .noMemory : damage) }
    if status != 0, !(takesSurplus && warningIsHarmless) { return damaged(damage) }
    return layout.hasEndMarker || layout.isComplete ? .decoded : damaged(.truncated)
  }

  /// A limit on scans bounds the time that a hostile progressive JPEG can take.
  private static let flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS

  private func decompress(_ source: UnsafeRawBufferPointer, into canvas: Canvas) -> Int32 {
    let bytes = source.bindMemory(to: UInt8.self).baseAddress
    switch canvas {
    case .rgbx(let picture):
      // RGBA rather than RGBX: the same bytes, with the promise that the fourth is 255.
      return tjDecompress2(
        handle, bytes, UInt(source.count), picture.base, Int32(picture.size.width), Int32(picture.rowPitch),
        Int32(picture.size.height), Int32(TJPF_RGBA.rawValue), Self.flags)
    case .planes(let planes):
      var targets: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?) = (
        planes.luma, planes.u, planes.v
      )
      var pitches = (Int32(planes.lumaPitch), Int32(planes.chromaPitch), Int32(planes.chromaPitch))
      return withUnsafeMutablePointer(to: &targets) { targets in
        targets.withMemoryRebound(to: UnsafeMutablePointer<UInt8>?.self, capacity: 3) { targets in
          withUnsafeMutablePointer(to: &pitches) { pitches in
            pitches.withMemoryRebound(to: Int32.self, capacity: 3) { pitches in
              tjDecompressToYUVPlanes(
                handle, bytes, UInt(source.count), targets, Int32(planes.size.width), pitches,
                Int32(planes.size.height), Self.flags)
            }
          }
        }
      }
    }
  }

  /// libjpeg has given every row, those that lack data in grey.
  private func damaged(_ reason: CorruptFrame) -> DecodeOutcome {
    acceptsPartial ? .partly(reason) : .corrupt(reason)
  }

  /// The bytes that libjpeg gets: the picture alone, mended where it must be.
  private func source(_ bytes: UnsafeRawBufferPointer, _ layout: JPEGLayout) -> UnsafeRawBufferPointer? {
    guard layout.needsRepair || !layout.hasEndMarker else {
      return UnsafeRawBufferPointer(rebasing: bytes[layout.range])
    }
    let needed = JPEGRepair.capacity(for: layout.range.count)
    if repaired.count < needed {
      guard Memory.isAvailable(needed) else { return nil }
      repaired.deallocate()
      repaired = .allocate(byteCount: needed + needed / 4, alignment: 64)
    }
    let count = JPEGRepair.repair(bytes, layout: layout, into: repaired)
    return UnsafeRawBufferPointer(rebasing: repaired[..<count])
  }

  private func storedPicture(_ size: PictureSize) -> Picture? {
    if let stored, stored.size == size { return stored }
    stored = nil
    stored = Picture(ifMemoryFor: size)
    return stored
  }

  static func startsAsJPEG(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 2 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF
  }
}

extension JPEGDecoder {
  private var isWarning: Bool { tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) }

  private var isMemoryError: Bool {
    guard let text = tjGetErrorStr2(handle) else { return false }
    return strstr(text, "nsufficient memory") != nil || strstr(text, "emory allocation") != nil
  }

  /// True for "Corrupt JPEG data: 1 extraneous bytes before marker 0xd9" and the like. libjpeg tells the first warning
  /// only, by its text only; before the end marker it is the last one, too.
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
    return count <= UInt(strstr(end, "0xd9") == nil ? Self.surplusLimit : Self.paddingLimit)
  }
}

extension JPEGLayout {
  fileprivate func fits(_ wanted: PictureSize) -> Bool {
    orientation.size(of: size) == wanted || size == wanted
  }
}
