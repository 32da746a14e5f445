/// Which red, green and blue the luma and chroma bytes of a raw camera format stand for. This file is the definition.
///
/// With `c = Y − black`, `d = U − 128`, `e = V − 128` and the Q13 gains of the encoding:
///
///     R = clamp(floor((luma·c + redV·e             + 2^12) / 2^13), 0, 255)
///     G = clamp(floor((luma·c − greenU·d − greenV·e + 2^12) / 2^13), 0, 255)
///     B = clamp(floor((luma·c + blueU·d            + 2^12) / 2^13), 0, 255)
///
/// The gains are the real ones of ITU-R BT.601-7 and BT.709-6 rounded to 2^-13, so that a byte differs from the rounded
/// real result by at most 1. Chroma samples are repeated over the pixels that they were taken from.
public enum YUVEncoding: String, Sendable, Codable, CaseIterable {
  /// Luma 16...235, chroma 16...240: V4L2's default for YCbCr formats (kernel document "Colorspaces").
  case bt601
  /// 0...255 for all three, as in JFIF.
  case bt601Full
  /// High definition, as HDMI grabbers send it.
  case bt709
  case bt709Full
}

/// The gains of one encoding, as a type: the loops are compiled for each with the gains as constants, as only then the
/// vectorizer knows that they have 16 bits, which every processor multiplies fastest.
protocol YUVGains {
  static var black: Int32 { get }
  static var luma: Int32 { get }
  static var redV: Int32 { get }
  static var greenU: Int32 { get }
  static var greenV: Int32 { get }
  static var blueU: Int32 { get }
}

enum BT601: YUVGains {
  static var black: Int32 { 16 }
  static var luma: Int32 { 9539 }
  static var redV: Int32 { 13075 }
  static var greenU: Int32 { 3209 }
  static var greenV: Int32 { 6660 }
  static var blueU: Int32 { 16525 }
}

enum BT601Full: YUVGains {
  static var black: Int32 { 0 }
  static var luma: Int32 { 8192 }
  static var redV: Int32 { 11485 }
  static var greenU: Int32 { 2819 }
  static var greenV: Int32 { 5850 }
  static var blueU: Int32 { 14516 }
}

enum BT709: YUVGains {
  static var black: Int32 { 16 }
  static var luma: Int32 { 9539 }
  static var redV: Int32 { 14686 }
  static var greenU: Int32 { 1747 }
  static var greenV: Int32 { 4366 }
  static var blueU: Int32 { 17305 }
}

enum BT709Full: YUVGains {
  static var black: Int32 { 0 }
  static var luma: Int32 { 8192 }
  static var redV: Int32 { 12901 }
  static var greenU: Int32 { 1535 }
  static var greenV: Int32 { 3835 }
  static var blueU: Int32 { 15201 }
}
