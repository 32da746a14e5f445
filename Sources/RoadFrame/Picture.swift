import RoadBase

/// One preallocated picture in roadseg's own form: red, green, blue, 255; four bytes a pixel, rows 64-byte aligned.
///
/// Made once for a size and overwritten frame by frame; one thread owns it at a time (hence unchecked). Padding between
/// rows may be read and holds nothing of meaning.
public final class Picture: @unchecked Sendable {
  /// Sides a picture may have, in pixels.
  public static let sides = 1...16384
  /// Pixels that a picture may have unless the user says otherwise (`--max-pixels`): 64 megapixels.
  public static let defaultPixelLimit = 1 << 26

  public let size: PictureSize
  /// Bytes from one row to the next: a multiple of 64.
  public let rowPitch: Int
  /// Red of pixel (0, 0).
  public let base: UnsafeMutablePointer<UInt8>

  /// A black picture. Sides must lie in ``sides``.
  public init(size: PictureSize) {
    precondition(
      Self.sides.contains(size.width) && Self.sides.contains(size.height), "a picture of \(size) pixels")
    self.size = size
    rowPitch = (4 * size.width + 63) / 64 * 64
    let memory = UnsafeMutableRawPointer.allocate(byteCount: rowPitch * size.height, alignment: 64)
    base = memory.bindMemory(to: UInt8.self, capacity: rowPitch * size.height)
    fill(red: 0, green: 0, blue: 0)
  }

  /// The same, or nil where there is no memory for it.
  public convenience init?(ifMemoryFor size: PictureSize) {
    guard Memory.isAvailable(Self.byteCount(of: size)) else { return nil }
    self.init(size: size)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  /// Bytes that a picture of this size takes.
  public static func byteCount(of size: PictureSize) -> Int { (4 * size.width + 63) / 64 * 64 * size.height }

  /// The first byte of row `y`.
  @inlinable
  public func row(_ y: Int) -> UnsafeMutablePointer<UInt8> { base + y * rowPitch }

  /// The bytes of all rows, padding included.
  public var bytes: UnsafeMutableRawBufferPointer { .init(start: base, count: rowPitch * size.height) }

  public func fill(red: UInt8, green: UInt8, blue: UInt8) {
    let pixel = UInt32(red) | UInt32(green) << 8 | UInt32(blue) << 16 | 0xFF00_0000
    UnsafeMutableRawPointer(base).initializeMemory(
      as: UInt32.self, repeating: pixel.littleEndian, count: rowPitch / 4 * size.height)
  }

  /// Takes over the pixels of a picture of the same size.
  public func copy(from other: Picture) {
    precondition(size == other.size, "copy of \(other.size) into \(size)")
    UnsafeMutableRawPointer(base).copyMemory(from: other.base, byteCount: rowPitch * size.height)
  }
}
