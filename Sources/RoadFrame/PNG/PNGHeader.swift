import RoadBase

/// What the chunks of a PNG before its pixels tell (PNG specification, third edition, sections 5 and 11).
struct PNGHeader {
  enum Colours: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6

    /// Samples of a pixel.
    var channels: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  /// As stored.
  var size: PictureSize
  var bitDepth: Int
  var colours: Colours
  var orientation = Orientation.upright

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func isPNG(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: signature) }

  /// Nil unless the bytes begin with a valid IHDR. An eXIf chunk may stand behind the pixels, too.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard Self.isPNG(bytes), bytes.count >= 33, Self.isNamed("IHDR", bytes, at: 12), Self.number(bytes, at: 8) == 13,
      let colours = Colours(rawValue: bytes[25])
    else { return nil }
    size = PictureSize(width: Self.number(bytes, at: 16), height: Self.number(bytes, at: 20))
    bitDepth = Int(bytes[24])
    self.colours = colours
    guard size.width > 0, size.height > 0 else { return nil }
    var at = 8
    while at + 12 <= bytes.count {
      let length = Self.number(bytes, at: at)
      guard length <= bytes.count - at - 12 else { return }
      if Self.isNamed("eXIf", bytes, at: at + 4) {
        orientation = Orientation(exif: UnsafeRawBufferPointer(rebasing: bytes[at + 8..<at + 8 + length]))
        return
      }
      at += 12 + length
    }
  }

  func refusal(maximumPixels: Int) -> CorruptFrame? {
    let fits =
      Picture.sides.contains(size.width) && Picture.sides.contains(size.height) && size.pixels <= maximumPixels
    return fits ? nil : .tooLarge
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at: Int) -> Int {
    (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
  }

  private static func isNamed(_ name: StaticString, _ bytes: UnsafeRawBufferPointer, at: Int) -> Bool {
    (0..<4).allSatisfy { bytes[at + $0] == name.utf8Start[$0] }
  }
}
