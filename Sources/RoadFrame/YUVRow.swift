/// Rows of luma and chroma to rows of RGBX, as ``YUVEncoding`` defines it.
///
/// Each loop loads whole words and takes the samples out by shifts: loads that lie side by side are what vectorizes.
/// Rows may begin at any address. `width` is in pixels; an odd last one takes the chroma of its half pair.
enum YUVRow<Gains: YUVGains> {
  /// A row of luma and one of U V U V …
  @inline(__always)
  static func semiPlanar(
    y: UnsafePointer<UInt8>, uv: UnsafePointer<UInt8>, width: Int, out: UnsafeMutablePointer<UInt32>
  ) {
    let luma = UnsafeRawPointer(y)
    let both = UnsafeRawPointer(uv)
    for pair in 0..<width / 2 {
      let two = luma.loadUnaligned(fromByteOffset: 2 &* pair, as: UInt16.self).littleEndian
      let word = both.loadUnaligned(fromByteOffset: 2 &* pair, as: UInt16.self).littleEndian
      let chroma = Chroma(Int32(word & 0xFF), Int32(word &>> 8))
      out[2 &* pair] = chroma.pixel(Int32(two & 0xFF))
      out[2 &* pair &+ 1] = chroma.pixel(Int32(two &>> 8))
    }
    if width % 2 == 1 {
      out[width &- 1] = Chroma(Int32(uv[width &- 1]), Int32(uv[width])).pixel(Int32(y[width &- 1]))
    }
  }

  /// A row of luma, one of U and one of V.
  @inline(__always)
  static func planar(
    y: UnsafePointer<UInt8>, u: UnsafePointer<UInt8>, v: UnsafePointer<UInt8>, width: Int,
    out: UnsafeMutablePointer<UInt32>
  ) {
    let luma = UnsafeRawPointer(y)
    for pair in 0..<width / 2 {
      let two = luma.loadUnaligned(fromByteOffset: 2 &* pair, as: UInt16.self).littleEndian
      let chroma = Chroma(Int32(u[pair]), Int32(v[pair]))
      out[2 &* pair] = chroma.pixel(Int32(two & 0xFF))
      out[2 &* pair &+ 1] = chroma.pixel(Int32(two &>> 8))
    }
    if width % 2 == 1 {
      out[width &- 1] = Chroma(Int32(u[width / 2]), Int32(v[width / 2])).pixel(Int32(y[width &- 1]))
    }
  }

  /// The same with one chroma sample for each pixel, or for four.
  static func planar(
    y: UnsafePointer<UInt8>, u: UnsafePointer<UInt8>, v: UnsafePointer<UInt8>, pixelsPerChroma: Int, width: Int,
    out: UnsafeMutablePointer<UInt32>
  ) {
    if pixelsPerChroma == 1 {
      for x in 0..<width { out[x] = Chroma(Int32(u[x]), Int32(v[x])).pixel(Int32(y[x])) }
    } else {
      for x in 0..<width { out[x] = Chroma(Int32(u[x / 4]), Int32(v[x / 4])).pixel(Int32(y[x])) }
    }
  }

  /// Luma alone: the same formula with both chroma at 128.
  @inline(__always)
  static func grey(_ y: UnsafePointer<UInt8>, width: Int, out: UnsafeMutablePointer<UInt32>) {
    for x in 0..<width {
      out[x] = byte((Int32(y[x]) &- Gains.black) &* Gains.luma &+ 4096) &* 0x0001_0101 | 0xFF00_0000
    }
  }

  /// What the two pixels of a pair share, with the rounding of the last division.
  private struct Chroma {
    let red: Int32
    let green: Int32
    let blue: Int32

    @inline(__always)
    init(_ u: Int32, _ v: Int32) {
      let d = u &- 128
      let e = v &- 128
      red = Gains.redV &* e &+ 4096
      green = 4096 &- Gains.greenU &* d &- Gains.greenV &* e
      blue = Gains.blueU &* d &+ 4096
    }

    @inline(__always)
    func pixel(_ y: Int32) -> UInt32 {
      let luma = (y &- Gains.black) &* Gains.luma
      return byte(luma &+ red) | byte(luma &+ green) &<< 8 | byte(luma &+ blue) &<< 16 | 0xFF00_0000
    }
  }

  @inline(__always)
  private static func byte(_ q13: Int32) -> UInt32 {
    UInt32(truncatingIfNeeded: min(max(q13 &>> 13, 0), 255))
  }
}
