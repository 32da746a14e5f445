import RoadBase

extension YUVSamples {
  /// Copies the samples into planes of full range, chroma at half of both sides, without a way through red, green and
  /// blue: the mean of two rows of chroma, a half rounded up; limited range is stretched by 149 / 2^7 and 1166 / 2^10.
  ///
  /// - Returns: false where that is not possible: BT.709, and chroma that is not half as wide.
  func copy(to planes: PlanarPicture) -> Bool {
    guard encoding == .bt601 || encoding == .bt601Full else { return false }
    if case .planar(let across, _) = layout, across != 2 { return false }
    let isLimited = encoding == .bt601
    for y in 0..<size.height {
      copyLuma(y, to: planes.luma + y * planes.lumaPitch)
      if isLimited { Self.stretchLuma(planes.luma + y * planes.lumaPitch, count: size.width) }
    }
    for y in 0..<planes.chromaHeight {
      let (u, v) = (planes.u + y * planes.chromaPitch, planes.v + y * planes.chromaPitch)
      copyChroma(y, count: planes.chromaWidth, u, v)
      if isLimited, layout != .grey {
        Self.stretchChroma(u, count: planes.chromaWidth)
        Self.stretchChroma(v, count: planes.chromaWidth)
      }
    }
    return true
  }

  private func copyLuma(_ y: Int, to out: UnsafeMutablePointer<UInt8>) {
    let row = luma + y * pitch
    guard case .packed(let lumaFirst) = layout else { return out.update(from: row, count: size.width) }
    let words = UnsafeRawPointer(row)
    if lumaFirst {
      for x in 0..<size.width {
        out[x] = UInt8(truncatingIfNeeded: words.loadUnaligned(fromByteOffset: 2 &* x, as: UInt16.self).littleEndian)
      }
    } else {
      for x in 0..<size.width {
        let word = words.loadUnaligned(fromByteOffset: 2 &* x, as: UInt16.self).littleEndian
        out[x] = UInt8(truncatingIfNeeded: word &>> 8)
      }
    }
  }

  /// Row `y` of half as many.
  private func copyChroma(
    _ y: Int, count: Int, _ outU: UnsafeMutablePointer<UInt8>, _ outV: UnsafeMutablePointer<UInt8>
  ) {
    let (upper, lower) = (2 * y, min(2 * y + 1, size.height - 1))
    switch layout {
    case .grey:
      outU.update(repeating: 128, count: count)
      outV.update(repeating: 128, count: count)
    case .packed(let lumaFirst):
      let (first, second) = (luma + upper * pitch, luma + lower * pitch)
      let at = lumaFirst ? 1 : 0
      for x in 0..<count {
        outU[x] = Self.mean(first[4 &* x &+ at], second[4 &* x &+ at])
        outV[x] = Self.mean(first[4 &* x &+ at &+ 2], second[4 &* x &+ at &+ 2])
      }
    case .semiPlanar:
      guard let u else { return }
      let row = u + y * chromaPitch
      for x in 0..<count {
        outU[x] = row[2 &* x]
        outV[x] = row[2 &* x &+ 1]
      }
    case .planar(_, let down):
      guard let u, let v else { return }
      let (first, second) = down == 2 ? (y, y) : (upper, lower)
      let (u0, u1, v0, v1) = (
        u + first * chromaPitch, u + second * chromaPitch, v + first * chromaPitch, v + second * chromaPitch
      )
      for x in 0..<count { outU[x] = Self.mean(u0[x], u1[x]) }
      for x in 0..<count { outV[x] = Self.mean(v0[x], v1[x]) }
    }
  }

  @inline(__always)
  private static func mean(_ a: UInt8, _ b: UInt8) -> UInt8 {
    UInt8(truncatingIfNeeded: (UInt16(a) &+ UInt16(b) &+ 1) &>> 1)
  }

  private static func stretchLuma(_ row: UnsafeMutablePointer<UInt8>, count: Int) {
    for x in 0..<count {
      let above = max(UInt16(row[x]), 16) &- 16
      row[x] = UInt8(truncatingIfNeeded: min((above &* 149 &+ 64) &>> 7, 255))
    }
  }

  private static func stretchChroma(_ row: UnsafeMutablePointer<UInt8>, count: Int) {
    for x in 0..<count {
      let value = ((Int32(row[x]) &- 128) &* 1166 &+ 512) &>> 10 &+ 128
      row[x] = UInt8(truncatingIfNeeded: min(max(value, 0), 255))
    }
  }
}
