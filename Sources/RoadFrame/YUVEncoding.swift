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

  struct Gains {
    var black: Int32
    var luma: Int32
    var redV: Int32
    var greenU: Int32
    var greenV: Int32
    var blueU: Int32
  }

  var gains: Gains {
    switch self {
    case .bt601: Gains(black: 16, luma: 9539, redV: 13075, greenU: 3209, greenV: 6660, blueU: 16525)
    case .bt601Full: Gains(black: 0, luma: 8192, redV: 11485, greenU: 2819, greenV: 5850, blueU: 14516)
    case .bt709: Gains(black: 16, luma: 9539, redV: 14686, greenU: 1747, greenV: 4366, blueU: 17305)
    case .bt709Full: Gains(black: 0, luma: 8192, redV: 12901, greenU: 1535, greenV: 3835, blueU: 15201)
    }
  }
}
