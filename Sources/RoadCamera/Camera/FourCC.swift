import RoadFrame

/// A V4L2 pixel format: four characters in a 32-bit word, the first in the lowest byte.
struct FourCC: Hashable, Sendable, CustomStringConvertible {
  var code: UInt32

  init(code: UInt32) { self.code = code }

  init(_ text: StaticString) {
    precondition(text.utf8CodeUnitCount == 4, "\(text) is not four characters")
    code = (0..<4).reduce(0) { $0 | UInt32(text.utf8Start[$1]) << UInt32(8 * $1) }
  }

  var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> (8 * $0)) }
    return String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
      .trimmingSuffix { $0 == " " }
  }

  /// The formats that ``FrameDecoder`` takes. Several names may stand for one: UVC cameras say MJPG, others JPEG.
  static let known: [(FourCC, PixelFormat)] = [
    (FourCC("YUYV"), .yuyv), (FourCC("UYVY"), .uyvy), (FourCC("NV12"), .nv12), (FourCC("YU12"), .i420),
    (FourCC("422P"), .i422), (FourCC("GREY"), .grey), (FourCC("MJPG"), .mjpeg), (FourCC("JPEG"), .mjpeg),
  ]

  var pixelFormat: PixelFormat? { Self.known.first { $0.0 == self }?.1 }
}

extension String {
  fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> String {
    var end = endIndex
    while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
    return String(self[..<end])
  }
}
