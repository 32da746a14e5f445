import RoadBase

/// How a stored picture must be turned to stand upright: the values of EXIF's tag Orientation (CIPA DC-008, 4.6.5.1.1),
/// named by what the stored picture's first row and first column are when it is shown.
public enum Orientation: UInt8, Sendable, CaseIterable {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case flipped = 4
  case transposed = 5
  /// Turned clockwise by 90 degrees to be shown: what a phone held upright writes.
  case clockwise = 6
  case transverse = 7
  case counterclockwise = 8

  /// Whether rows become columns.
  public var swapsSides: Bool { rawValue >= 5 }

  /// The size as shown of a picture stored at `stored`; it is its own inverse.
  public func size(of stored: PictureSize) -> PictureSize {
    swapsSides ? PictureSize(width: stored.height, height: stored.width) : stored
  }

  /// Turns a stored picture upright.
  ///
  /// - Parameter destination: of ``size(of:)`` the source.
  func turn(_ source: Picture, into destination: Picture) {
    precondition(size(of: source.size) == destination.size, "turning \(source.size) into \(destination.size)")
    for y in 0..<source.size.height { turn(row: y, source.row(y), of: source.size, into: destination) }
  }

  /// Puts one stored row, four bytes a pixel, where it is shown.
  func turn(row y: Int, _ row: UnsafePointer<UInt8>, of stored: PictureSize, into destination: Picture) {
    let pitch = destination.rowPitch
    let (right, down) = (stored.width - 1, stored.height - 1)
    // Where pixel (0, y) goes, and how far it is from there to where (1, y) goes.
    let (start, step) =
      switch self {
      case .upright: (y * pitch, 4)
      case .mirrored: (y * pitch + 4 * right, -4)
      case .upsideDown: ((down - y) * pitch + 4 * right, -4)
      case .flipped: ((down - y) * pitch, 4)
      case .transposed: (4 * y, pitch)
      case .clockwise: (4 * (down - y), pitch)
      case .transverse: (right * pitch + 4 * (down - y), -pitch)
      case .counterclockwise: (right * pitch + 4 * y, -pitch)
      }
    let pixels = UnsafeRawPointer(row)
    let out = UnsafeMutableRawPointer(destination.base)
    for x in 0..<stored.width {
      out.storeBytes(
        of: pixels.loadUnaligned(fromByteOffset: 4 &* x, as: UInt32.self), toByteOffset: start &+ x &* step,
        as: UInt32.self)
    }
  }
}

extension Orientation {
  /// The orientation that EXIF data tells: a TIFF header of either byte order and its first directory. `.upright` where
  /// it tells none, or is damaged.
  ///
  /// - Parameter exif: from the byte order ("II" or "MM") on.
  init(exif: UnsafeRawBufferPointer) {
    self = Self.find(in: exif) ?? .upright
  }

  private static func find(in exif: UnsafeRawBufferPointer) -> Orientation? {
    guard exif.count >= 14, exif[0] == exif[1], exif[0] == 0x49 || exif[0] == 0x4D else { return nil }
    let isLittle = exif[0] == 0x49
    func number(_ at: Int, _ bytes: Int) -> Int {
      (0..<bytes).reduce(0) { $0 | Int(exif[at + $1]) << (8 * (isLittle ? $1 : bytes - 1 - $1)) }
    }
    guard number(2, 2) == 42 else { return nil }
    let directory = number(4, 4)
    guard directory >= 8, directory + 2 <= exif.count else { return nil }
    for entry in 0..<number(directory, 2) {
      let at = directory + 2 + 12 * entry
      guard at + 12 <= exif.count else { return nil }
      guard number(at, 2) == 0x0112 else { continue }
      // The standard says SHORT; some writers say BYTE or LONG.
      let bytes = [1: 1, 3: 2, 4: 4][number(at + 2, 2)]
      guard let bytes, number(at + 4, 4) >= 1 else { return nil }
      return UInt8(exactly: number(at + 8, bytes)).flatMap { Orientation(rawValue: $0) }
    }
    return nil
  }
}
