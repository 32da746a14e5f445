import RoadBase

/// The header of a PNG, and the PNG without what could change its values.
///
/// A reader applies gamma, background and transparency from ancillary chunks; a label must come out as the number that
/// stands in the file. So labels are decoded from the critical chunks alone: IHDR, PLTE, IDAT, IEND (PNG specification,
/// third edition, section 5).
struct PNGChunks {
  enum Colours: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6
  }

  var size: PictureSize
  var bitDepth: Int
  var colours: Colours
  /// A PNG of the critical chunks alone.
  var critical: [UInt8]

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func isPNG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  /// Nil unless the bytes are a sequence of whole chunks from a valid IHDR to IEND.
  init?(_ bytes: [UInt8]) {
    guard Self.isPNG(bytes), bytes.count >= 33, Self.name(bytes, at: 12) == "IHDR", Self.number(bytes, at: 8) == 13,
      let colours = Colours(rawValue: bytes[25])
    else { return nil }
    size = PictureSize(width: Self.number(bytes, at: 16), height: Self.number(bytes, at: 20))
    bitDepth = Int(bytes[24])
    self.colours = colours
    guard Picture.sides.contains(size.width), Picture.sides.contains(size.height) else { return nil }
    critical = Self.signature
    critical.reserveCapacity(bytes.count)
    var at = 8
    while at + 12 <= bytes.count {
      let length = Self.number(bytes, at: at)
      guard length <= bytes.count - at - 12 else { return nil }
      let chunk = bytes[at..<at + 12 + length]
      let name = Self.name(bytes, at: at + 4)
      if ["IHDR", "PLTE", "IDAT", "IEND"].contains(name) { critical += chunk }
      if name == "IEND" { return }
      at += chunk.count
    }
    return nil
  }

  private static func number(_ bytes: [UInt8], at: Int) -> Int {
    (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
  }

  private static func name(_ bytes: [UInt8], at: Int) -> String {
    String(decoding: bytes[at..<at + 4], as: UTF8.self)
  }
}
