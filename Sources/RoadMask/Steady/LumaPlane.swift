import RoadBase

/// A small grey picture: one byte for 2x2 pixels of a larger one.
///
/// A byte is `floor(Σ (red + 2·green + blue) / 16)` over the four; odd last rows and columns are left out. Made once
/// for a size; nothing is allocated afterwards.
public final class LumaPlane: @unchecked Sendable {
  public let size: PictureSize
  public let base: UnsafeMutablePointer<UInt8>

  /// - Parameter picture: size of the larger one, sides of 2 and more.
  public init(halving picture: PictureSize) {
    precondition(picture.width >= 2 && picture.height >= 2, "half of \(picture)")
    size = PictureSize(width: picture.width / 2, height: picture.height / 2)
    base = .allocate(capacity: size.pixels)
    base.initialize(repeating: 0, count: size.pixels)
  }

  deinit { base.deallocate() }

  /// Fills some rows from RGBX.
  ///
  /// - Parameters:
  ///   - pixels: pixel (0, 0) of the larger picture.
  ///   - rowPitch: bytes from one of its rows to the next.
  public func fill(rows: Range<Int>, from pixels: UnsafePointer<UInt8>, rowPitch: Int) {
    for y in rows {
      let upper = UnsafeRawPointer(pixels + 2 * y * rowPitch)
      let lower = upper + rowPitch
      let out = base + y * size.width
      for x in 0..<size.width {
        let (a, b) = (
          upper.loadUnaligned(fromByteOffset: 8 &* x, as: UInt64.self).littleEndian,
          lower.loadUnaligned(fromByteOffset: 8 &* x, as: UInt64.self).littleEndian
        )
        // Four lanes of 16 bits: red and blue of both pixels, and green of both.
        let sides = (a & 0x00FF_00FF_00FF_00FF) &+ (b & 0x00FF_00FF_00FF_00FF)
        let green = (a &>> 8 & 0x0000_00FF_0000_00FF) &+ (b &>> 8 & 0x0000_00FF_0000_00FF)
        var sum = sides &+ green &+ green
        sum &+= sum &>> 32
        sum &+= sum &>> 16
        out[x] = UInt8(truncatingIfNeeded: (sum & 0xFFFF) &>> 4)
      }
    }
  }
}
