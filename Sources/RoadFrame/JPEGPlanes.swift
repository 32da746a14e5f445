import CJPEG
import RoadBase

/// The luma and chroma planes of JPEGs as they are stored, without a way through RGB: for what must not lose anything.
///
/// One thread uses it at a time. The planes are valid until the next call.
public final class JPEGPlanes {
  public enum Sampling: Sendable {
    case grey, full, halfWidth, halfBoth
  }

  public struct Result {
    public var size: PictureSize
    public var sampling: Sampling
    /// Y, then U and V where there are any, each without padding between its rows.
    public var planes: UnsafeRawBufferPointer
  }

  private let handle: tjhandle
  private var memory: [UInt8] = []

  public init() throws(RoadError) {
    guard let handle = tjInitDecompress() else {
      throw RoadError(.picture, "libjpeg-turbo gives no decoder", remedy: "free some memory")
    }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// Nil for bytes that are no whole JPEG of a usual sampling.
  public func decode<Value>(_ bytes: UnsafeRawBufferPointer, _ body: (Result) throws -> Value) rethrows -> Value? {
    let source = bytes.bindMemory(to: UInt8.self).baseAddress
    var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard tjDecompressHeader3(handle, source, UInt(bytes.count), &width, &height, &subsampling, &colours) == 0,
      Picture.sides.contains(Int(width)), Picture.sides.contains(Int(height)),
      let sampling = Self.sampling(subsampling)
    else { return nil }
    let needed = Int(tjBufSizeYUV2(width, 1, height, subsampling))
    if memory.count < needed { memory = [UInt8](repeating: 0, count: needed) }
    guard
      tjDecompressToYUV2(
        handle, source, UInt(bytes.count), &memory, width, 1, height, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) == 0
    else { return nil }
    let size = PictureSize(width: Int(width), height: Int(height))
    return try memory.withUnsafeBytes { memory in
      try body(
        Result(size: size, sampling: sampling, planes: UnsafeRawBufferPointer(rebasing: memory[..<needed])))
    }
  }

  private static func sampling(_ value: Int32) -> Sampling? {
    switch UInt32(value) {
    case TJSAMP_GRAY.rawValue: .grey
    case TJSAMP_444.rawValue: .full
    case TJSAMP_422.rawValue: .halfWidth
    case TJSAMP_420.rawValue: .halfBoth
    default: nil
    }
  }
}
