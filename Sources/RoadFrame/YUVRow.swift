/// Rows of luma and chroma to rows of RGBX, as ``YUVEncoding`` defines it; every raw format is one stride pattern of the
/// same loop, specialised by the constants its caller passes.
enum YUVRow {
  /// - Parameters:
  ///   - y: luma of pixel 0; the next pixel's lies `lumaStep` bytes further.
  ///   - u, v: chroma of pixels 0 and 1; that of the next pair lies `chromaStep` bytes further.
  ///   - width: pixels; an odd last one takes the chroma of its half pair.
  ///   - out: `4 · width` bytes.
  @inline(__always)
  static func convert(
    y: UnsafePointer<UInt8>, lumaStep: Int, u: UnsafePointer<UInt8>, v: UnsafePointer<UInt8>, chromaStep: Int,
    width: Int, gains k: YUVEncoding.Gains, out: UnsafeMutablePointer<UInt8>
  ) {
    let pixels = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    var pair = 0
    while pair < width / 2 {
      let d = Int32(u[pair &* chromaStep]) &- 128
      let e = Int32(v[pair &* chromaStep]) &- 128
      let red = k.redV &* e &+ 4096
      let green = 4096 &- k.greenU &* d &- k.greenV &* e
      let blue = k.blueU &* d &+ 4096
      let first = (Int32(y[2 &* pair &* lumaStep]) &- k.black) &* k.luma
      let second = (Int32(y[(2 &* pair &+ 1) &* lumaStep]) &- k.black) &* k.luma
      pixels[2 &* pair] = pixel(first, red, green, blue)
      pixels[2 &* pair &+ 1] = pixel(second, red, green, blue)
      pair &+= 1
    }
    if width % 2 == 1 {
      let d = Int32(u[pair &* chromaStep]) &- 128
      let e = Int32(v[pair &* chromaStep]) &- 128
      let luma = (Int32(y[2 &* pair &* lumaStep]) &- k.black) &* k.luma
      pixels[2 &* pair] = pixel(
        luma, k.redV &* e &+ 4096, 4096 &- k.greenU &* d &- k.greenV &* e, k.blueU &* d &+ 4096)
    }
  }

  /// Luma alone: the same formula with both chroma at 128.
  @inline(__always)
  static func convertGrey(
    y: UnsafePointer<UInt8>, width: Int, gains k: YUVEncoding.Gains, out: UnsafeMutablePointer<UInt8>
  ) {
    let pixels = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    for x in 0..<width {
      let luma = (Int32(y[x]) &- k.black) &* k.luma
      pixels[x] = pixel(luma, 4096, 4096, 4096)
    }
  }

  @inline(__always)
  private static func pixel(_ luma: Int32, _ red: Int32, _ green: Int32, _ blue: Int32) -> UInt32 {
    byte(luma &+ red) | byte(luma &+ green) &<< 8 | byte(luma &+ blue) &<< 16 | 0xFF00_0000
  }

  @inline(__always)
  private static func byte(_ q13: Int32) -> UInt32 {
    UInt32(truncatingIfNeeded: min(max(q13 &>> 13, 0), 255))
  }
}
