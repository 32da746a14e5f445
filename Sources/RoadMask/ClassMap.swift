import RoadBase

/// The class of every pixel at the picture's own resolution; row-major, one byte a pixel.
///
/// Made once for a picture size and overwritten frame by frame; one thread owns it at a time (hence unchecked).
public final class ClassMap: @unchecked Sendable {
  /// Pixels without a class (void labels); no network gives it.
  public static let void: UInt8 = 255

  public let size: PictureSize
  public let bytes: UnsafeMutableBufferPointer<UInt8>

  public init(size: PictureSize) {
    self.size = size
    bytes = .allocate(capacity: size.pixels)
    bytes.initialize(repeating: 0)
  }

  deinit { bytes.deallocate() }

  /// Takes over the classes of a map of the same size.
  public func copy(from other: ClassMap) {
    precondition(size == other.size, "copy of \(other.size) into \(size)")
    _ = bytes.update(fromContentsOf: other.bytes)
  }
}
