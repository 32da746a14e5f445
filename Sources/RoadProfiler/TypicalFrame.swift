import RoadBase
import RoadFrame

extension Frame {
  /// A picture as a camera would send it, for measuring: JPEG, or YUYV in BT.601.
  ///
  /// - Throws: an option error for any other format, a picture error where JPEG fails.
  static func typical(of picture: Picture, format: PixelFormat) throws(RoadError) -> Frame {
    switch format {
    case .mjpeg:
      let encoder = try JPEGEncoder(largest: picture.size)
      // The bytes are the encoder's own.
      let frame = withExtendedLifetime(encoder) {
        encoder.encode(picture).map { Frame($0, size: picture.size, format: .mjpeg, rowPitch: 0) }
      }
      guard let frame else { throw RoadError(.picture, "the picture cannot be encoded as JPEG") }
      return frame
    case .yuyv:
      let bytes = yuyv(picture)
      return bytes.withUnsafeBytes {
        Frame($0, size: picture.size, format: .yuyv, rowPitch: format.packedRowPitch(width: picture.size.width))
      }
    default:
      throw RoadError(.option, "frames of \(format.rawValue) cannot be made", remedy: "use mjpeg or yuyv")
    }
  }

  private convenience init(
    _ bytes: UnsafeRawBufferPointer, size: PictureSize, format: PixelFormat, rowPitch: Int
  ) {
    self.init(capacity: bytes.count)
    self.bytes.copyMemory(from: bytes)
    byteCount = bytes.count
    self.format = format
    self.size = size
    self.rowPitch = rowPitch
  }

  /// BT.601 with 8-bit coefficients; of each pair the chroma of its first pixel.
  private static func yuyv(_ picture: Picture) -> [UInt8] {
    let (width, height) = (picture.size.width, picture.size.height)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * ((width + 1) / 2) * height)
    for y in 0..<height {
      for x in stride(from: 0, to: width, by: 2) {
        let pair = [x, min(x + 1, width - 1)].map { x in (0..<3).map { Int(picture.row(y)[4 * x + $0]) } }
        let luma = pair.map { rgb -> UInt8 in
          let sum: Int = 66 * rgb[0] + 129 * rgb[1] + 25 * rgb[2]
          return UInt8((sum + 128) >> 8 + 16)
        }
        let first = pair[0]
        let blue: Int = 112 * first[2] - 38 * first[0] - 74 * first[1]
        let red: Int = 112 * first[0] - 94 * first[1] - 18 * first[2]
        let (u, v) = (UInt8((blue + 128) >> 8 + 128), UInt8((red + 128) >> 8 + 128))
        bytes += [luma[0], u, luma[1], v]
      }
    }
    return bytes
  }
}
